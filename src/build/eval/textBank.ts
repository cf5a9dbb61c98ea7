// One vector a label: its prompts encoded, normalised, averaged.
import { meanOfUnit } from "../../core/score/meanOfUnit.ts";
import type { Tokenize } from "../../core/text/tokenizer.ts";
import { embedPrompts, type TextTower } from "../labels/embedPrompts.ts";

/**
 * @param prompts of each label
 * @param width D
 * @returns unit rows [L * D]
 */
export async function textBank(
  tower: TextTower,
  tokenize: Tokenize,
  prompts: readonly (readonly string[])[],
  width: number,
): Promise<Float32Array<ArrayBuffer>> {
  const embedded = await embedPrompts(tower, tokenize, [...new Set(prompts.flat())], width);
  const bank = new Float32Array(prompts.length * width);
  for (const [row, own] of prompts.entries())
    bank.set(meanOfUnit(own.map((prompt) => embedded.get(prompt) ?? [])), row * width);
  return bank;
}
