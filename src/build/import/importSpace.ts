// The space of an import: a hash of the export's graphs and weights, of how pictures and texts are brought to them. It is one of
// its own: graphs do not tell which checkpoint they came from.
import { createHash } from "node:crypto";
import type { Manifest } from "../../core/pack/manifest.ts";
import type { OnnxTensor } from "../onnx/tensorProto.ts";
import { tokenizerMeaning } from "../tokenizerMeaning.ts";
import type { SourceTower } from "./findTower.ts";
import { floatsOf, isFloat } from "./floats.ts";

/** Raise it when the importer gives the same export another meaning. */
const SEMANTICS_VERSION = 1;
/** Numbers that are read at once. */
const PART = 2 ** 20;

export function importSpace(
  towers: readonly SourceTower[],
  { image, text }: Pick<Manifest, "image" | "text">,
  tokenizer: unknown,
): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify({ import: SEMANTICS_VERSION, image, text, tokenizer: tokenizerMeaning(tokenizer) }));
  for (const { model, nodes, output } of towers) {
    hash.update(`\n${output.name} of operator set ${model.opset}`);
    const used = new Set<string>();
    for (const { op, inputs, outputs, attributes } of nodes) {
      for (const name of inputs) used.add(name);
      hash.update(`\n${JSON.stringify([op, inputs, outputs, [...attributes.keys()].sort()])}`);
      for (const [name, value] of [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
        hash.update(`\n${name} `);
        hash.update(typeof value === "object" && "read" in value ? value.read() : JSON.stringify(value));
      }
    }
    for (const name of [...used].sort()) {
      const tensor = model.constants.get(name);
      if (!tensor) continue;
      hash.update(`\n${name} ${tensor.dims.join()}\n`);
      for (const part of meaningOf(tensor)) hash.update(part);
    }
  }
  return `sha256:${hash.digest("hex")}`;
}

/** What a weight is in fp16, whatever width it was stored in; read and hashed in parts. */
function* meaningOf(tensor: OnnxTensor): Generator<Uint8Array> {
  if (!isFloat(tensor)) {
    yield tensor.read();
    return;
  }
  const count = tensor.dims.reduce((product, dim) => product * dim, 1);
  for (let at = 0; at < count; at += PART)
    yield new Uint8Array(new Float16Array(floatsOf(tensor, at, Math.min(count, at + PART))).buffer);
}
