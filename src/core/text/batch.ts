// N tokenized texts as one tensor, no wider than its longest text.
import type { Tokens } from "./tokenizer.ts";

/**
 * Ids behind the end-of-text token cannot reach it under a causal mask, so cutting them changes no vector. Where they can
 * (CoCa, SigLIP), the pack says `padded` and a text's used length is the whole context.
 * @returns input_ids int32 [N, T], T the longest used length
 */
export function batch(texts: readonly Tokens[]): { input_ids: Int32Array<ArrayBuffer>; dims: [number, number] } {
  const width = texts.reduce((longest, { length }) => Math.max(longest, length), 0);
  const input_ids = new Int32Array(texts.length * width);
  for (const [row, { ids }] of texts.entries()) input_ids.set(ids.subarray(0, width), row * width);
  return { input_ids, dims: [texts.length, width] };
}
