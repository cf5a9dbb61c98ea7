// The canary of a pack: a fixed picture and text with the vectors they must give, so that a wrong engine is found first.
import * as v from "valibot";

/** canary.json. The picture is `canaryPixels(size)`; vectors are what the pack's own graphs gave when it was built. */
export const CanarySchema = v.object({
  text: v.string(),
  input_ids: v.array(v.number()),
  image_vector: v.array(v.number()),
  text_vector: v.array(v.number()),
});
export type Canary = v.InferOutput<typeof CanarySchema>;

/** Lowest cosine between a canary vector and an engine's answer that counts as the same model. */
export const CANARY_COSINE = 0.999;

/** @returns uint8 [1, size, size, 3]: colour gradients with a ring, in integer arithmetic, so that every engine sees the same bytes. */
export function canaryPixels(size: number): Uint8Array {
  const pixels = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = (y * size + x) * 3;
      const dx = 2 * x - size;
      const dy = 2 * y - size;
      const ring = (dx * dx + dy * dy) * 4 < size * size ? 90 : 0;
      pixels[at] = Math.floor((x * 255) / size);
      pixels[at + 1] = Math.min(255, Math.floor((y * 200) / size) + ring);
      pixels[at + 2] = 255 - Math.floor(((x + y) * 127) / size);
    }
  }
  return pixels;
}
