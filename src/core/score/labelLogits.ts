// The log odds that a picture shows a label, by what its model was trained to tell: which text of many is the picture's, or
// whether this one is.
import type { Manifest } from "../pack/manifest.ts";
import { cosines } from "./cosines.ts";
import { type Competition, tagLogits } from "./tagLogits.ts";

/** How a model's cosines become log odds. */
export type Scoring = Pick<Manifest, "scores" | "logit_scale" | "logit_bias">;

/**
 * Of a model trained with the sigmoid loss s cos(l) + b, each label by itself, so that nothing competes; see Zhai et al. (2023),
 * https://arxiv.org/abs/2303.15343. Of any other those of `tagLogits`.
 * @param image unit vector [D]
 * @param labels unit rows [L, D]
 * @param background unit rows [B, D]
 * @param competition of each label, by its row
 * @returns log odds [L]
 */
export function labelLogits(
  image: Float32Array,
  labels: Float32Array,
  background: Float32Array,
  competition: (row: number) => Competition,
  { scores, logit_scale, logit_bias }: Scoring,
): Float64Array<ArrayBuffer> {
  if (scores !== "sigmoid") return tagLogits(image, labels, background, competition, logit_scale);
  return Float64Array.from(cosines(image, labels), (cosine) => logit_scale * cosine + logit_bias);
}
