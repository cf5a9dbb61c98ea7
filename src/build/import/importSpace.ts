// The space of an import: a hash of the export's graphs and weights, of how pictures and texts are brought to them. It is one of
// its own: graphs do not tell which checkpoint they came from.
import { createHash } from "node:crypto";
import type { Manifest } from "../../core/pack/manifest.ts";
import { tokenizerMeaning } from "../tokenizerMeaning.ts";
import type { SourceTower } from "./findTower.ts";
import { floatsOf, isFloat } from "./floats.ts";

/** Raise it when the importer gives the same export another meaning. */
const SEMANTICS_VERSION = 1;

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
      hash.update(isFloat(tensor) ? new Uint8Array(Float16Array.from(floatsOf(tensor)).buffer) : tensor.read());
    }
  }
  return `sha256:${hash.digest("hex")}`;
}
