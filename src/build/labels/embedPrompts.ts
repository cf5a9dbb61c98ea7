// Encodes many prompts with the pack's text tower, in batches of similar length.
import { batch } from "../../core/text/batch.ts";
import type { Tokenize, Tokens } from "../../core/text/tokenizer.ts";

export interface TextTower {
  /**
   * @param input int32 [N, T] token ids
   * @returns fp32 [N * D]
   */
  run(input: Int32Array<ArrayBuffer>, dims: [number, number]): Promise<Float32Array> | Float32Array;
}

const BATCH = 64;

/**
 * @param texts without repeats
 * @param width D
 * @returns vector [D] of each text
 */
export async function embedPrompts(
  tower: TextTower,
  tokenize: Tokenize,
  texts: readonly string[],
  width: number,
): Promise<Map<string, Float32Array>> {
  // Sorted by length, so that a batch is trimmed to nearly every one of its texts.
  const items: [string, Tokens][] = texts.map((text) => [text, tokenize(text)]);
  items.sort(([, a], [, b]) => a.length - b.length);
  const vectors = new Map<string, Float32Array>();
  for (let at = 0; at < items.length; at += BATCH) {
    const part = items.slice(at, at + BATCH);
    const { input_ids, dims } = batch(part.map(([, tokens]) => tokens));
    const out = await tower.run(input_ids, dims);
    if (out.length !== part.length * width) {
      throw new Error(`the text tower gave ${out.length} numbers for ${part.length} texts of width ${width}`);
    }
    for (const [row, [text]] of part.entries()) vectors.set(text, out.slice(row * width, (row + 1) * width));
  }
  return vectors;
}
