// Each label on its own: its log odds against everything else that the picture may show.
import { cosines } from "./cosines.ts";

/** What one label competes with. */
export interface Competition {
  /** Rows of the background that are the label itself or its kin, and so no competitors. */
  kin: readonly number[];
  /** unit rows [n, D] of the label's own hard negatives */
  negatives: Float32Array | undefined;
}

/**
 * logit(l) = s cos(l) - log( sum over background without kin of exp(s cos) + sum over negatives of exp(s cos) ):
 * the log odds of a softmax between the label and its competitors. Measured on nano, a broad vocabulary as background
 * ranks tags better than generic prompts ("a photo of something"), and better than no background.
 * @param image unit vector [D]
 * @param labels unit rows [L, D]
 * @param background unit rows [B, D]
 * @param competition of each label, by its row
 * @param scale the logit scale as multiplied
 * @returns log odds [L]
 */
export function tagLogits(
  image: Float32Array,
  labels: Float32Array,
  background: Float32Array,
  competition: (row: number) => Competition,
  scale: number,
): Float64Array<ArrayBuffer> {
  // Cosines are at most 1, so scaling them down by exp(-s) keeps every sum in range.
  const weigh = (rows: Float32Array) =>
    Float64Array.from(cosines(image, rows), (cosine) => Math.exp(scale * (cosine - 1)));
  const weights = weigh(background);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Float64Array.from(cosines(image, labels), (cosine, row) => {
    const { kin, negatives } = competition(row);
    let rivals = total;
    for (const at of kin) rivals -= weights[at] ?? 0;
    if (negatives) rivals += weigh(negatives).reduce((sum, weight) => sum + weight, 0);
    return scale * (cosine - 1) - Math.log(Math.max(rivals, Number.MIN_VALUE));
  });
}
