// The space of a model: a hash of what its numbers mean, whatever file, layout or precision they came in.
import { createHash } from "node:crypto";
import type { Manifest } from "../core/pack/manifest.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import { padsMatter } from "./checkpoint/model.ts";
import { tokenizerMeaning } from "./tokenizerMeaning.ts";

/** Raise it when the compiler gives the same tensors another meaning. */
const SEMANTICS_VERSION = 2;

/** Numbers that only scale scores are kept as [] or as [1]. */
const SCALARS = ["logit_scale", "logit_bias"];

/** JSON with sorted keys, so that the order in a file changes nothing. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join()}}`;
}

/**
 * Both layouts of CLIP lead a well-formed text to the same ids: `open_clip` repairs broken ones first, `hugging_face` takes
 * them as they are. Vectors of either are compared with each other, so the two rules are one here.
 */
const cleanMeaning = (clean: Checkpoint["clean"]) => (clean === "hugging_face" ? "open_clip" : clean);

/** @param image preprocessing, as pack.json states it */
export function spaceOf({ model, tensors, tokenizer, special, clean }: Checkpoint, image: Manifest["image"]): string {
  const { bos, eos, pad } = special;
  const text = { bos, eos, clean: cleanMeaning(clean), ...(padsMatter(model.text) && { pad }) };
  const hash = createHash("sha256");
  const meaning = { model, image, text, tokenizer: tokenizerMeaning(tokenizer.json) };
  hash.update(canonical({ semantics: SEMANTICS_VERSION, ...meaning }));
  for (const name of tensors.names.filter((each) => tensors.isFloat(each)).sort()) {
    const shape = tensors.shape(name);
    hash.update(`\n${name} ${SCALARS.includes(name) ? "" : shape.join()}\n`);
    hash.update(new Uint8Array(Float16Array.from(tensors.read(name, shape)).buffer));
  }
  return `sha256:${hash.digest("hex")}`;
}
