// The space of a model: a hash of what its numbers mean, whatever file or precision they came in.
import { createHash } from "node:crypto";
import { type Checkpoint, weightNames } from "./checkpoint/openClip.ts";

/** Raise it when the compiler gives the same tensors another meaning. */
const SEMANTICS_VERSION = 1;

/** JSON with sorted keys, so that the order in a file changes nothing. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join()}}`;
}

/** @param meaning normalised configuration, preprocessing and tokenizer rules, as pack.json states them */
export function spaceOf({ tensors, tokenizer }: Checkpoint, meaning: object): string {
  const hash = createHash("sha256");
  hash.update(canonical({ semantics: SEMANTICS_VERSION, meaning, tokenizer: tokenizer.json }));
  for (const name of weightNames(tensors)) {
    const shape = tensors.shape(name);
    hash.update(`\n${name} ${shape.join()}\n`);
    hash.update(new Uint8Array(Float16Array.from(tensors.read(name, shape)).buffer));
  }
  return `sha256:${hash.digest("hex")}`;
}
