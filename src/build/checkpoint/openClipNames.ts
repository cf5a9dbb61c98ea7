// OpenCLIP's own tensor names, as its model classes and trainers spell them, to the canonical ones.
import type { Recipe } from "./renamed.ts";

/** Put before every name by distributed training and by torch.compile. */
const WRAPPERS = /^(?:module\.|_orig_mod\.)+/;
/** CustomTextCLIP and CoCa keep the text tower one level down. */
const TEXT_TOWER = /^text\./;
/** CoCa's caption decoder, which no vector comes from, and buffers that say nothing of the model. */
const NOT_WEIGHTS = /^text_decoder\.|(?:num_batches_tracked|attn_mask)$/;

/** @throws Error when two tensors mean the same */
export function openClipNames(names: readonly string[]): Map<string, Recipe> {
  const recipes = new Map<string, Recipe>();
  for (const name of names) {
    const plain = name.replace(WRAPPERS, "");
    if (NOT_WEIGHTS.test(plain)) continue;
    const canonical = plain.replace(TEXT_TOWER, "");
    const taken = recipes.get(canonical);
    if (taken) throw new Error(`${name} and ${taken.parts[0]} are one tensor by their names`);
    recipes.set(canonical, { parts: [name], turned: false });
  }
  return recipes;
}
