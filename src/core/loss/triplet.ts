// Triplet loss with margin: for each anchor and positive one negative of the batch, semi-hard where there is one.
import { dots, type Loss, rowsOf } from "./rows.ts";

/**
 * L = 1/|P| sum_{(a,p) in P} max(0, |a - p|^2 - |a - n(a,p)|^2 + m),  P: ordered pairs of one label
 * n(a,p): the nearest vector of another label that is farther from a than p is; if none is, the farthest one.
 * Zero where no label occurs twice or only one label occurs.
 *
 * Schroff, Kalenichenko, Philbin: FaceNet: A Unified Embedding for Face Recognition and Clustering, 2015 (arXiv 1503.03832).
 * The last clause is TensorFlow's (`triplet_semihard_loss`): the hardest negatives collapse a young model.
 * @param vectors unit vectors [N, D]
 * @param labels [N]
 * @param margin m
 */
export function triplet(
  vectors: Float64Array,
  labels: ArrayLike<number>,
  width: number,
  margin: number,
): Loss<"vectors"> {
  const count = rowsOf(vectors, width);
  if (labels.length !== count) throw new RangeError(`${labels.length} labels of ${count} vectors`);
  const products = dots(vectors, vectors, width);
  const square = (row: number) => products[row * (count + 1)] ?? 0;
  const distances = products.map((dot, at) => square(Math.floor(at / count)) + square(at % count) - 2 * dot);
  const gradient = new Float64Array(vectors.length);
  // onto the gradient of one vector: factor * (vectors[plus] - vectors[minus])
  const pull = (row: number, plus: number, minus: number, factor: number) => {
    for (let i = 0; i < width; i++) {
      const difference = (vectors[plus * width + i] ?? 0) - (vectors[minus * width + i] ?? 0);
      gradient[row * width + i] = (gradient[row * width + i] ?? 0) + factor * difference;
    }
  };
  let [pairs, sum] = [0, 0];
  for (let anchor = 0; anchor < count; anchor++) {
    const distance = distances.subarray(anchor * count, (anchor + 1) * count);
    for (let positive = 0; positive < count; positive++) {
      if (positive === anchor || labels[positive] !== labels[anchor]) continue;
      const near = distance[positive] ?? 0;
      const negative = semiHard(distance, near, (row) => labels[row] !== labels[anchor]);
      if (negative === undefined) continue;
      pairs++;
      const violation = near - (distance[negative] ?? 0) + margin;
      if (violation <= 0) continue;
      sum += violation;
      pull(anchor, negative, positive, 2);
      pull(positive, positive, anchor, 2);
      pull(negative, anchor, negative, 2);
    }
  }
  if (pairs === 0) return { loss: 0, gradient: { vectors: gradient } };
  return { loss: sum / pairs, gradient: { vectors: gradient.map((value) => value / pairs) } };
}

/**
 * @param distance [N] of each vector from the anchor
 * @param near the positive's
 * @returns the row of the negative, or undefined when no row is of another label
 */
function semiHard(distance: Float64Array, near: number, isOther: (row: number) => boolean): number | undefined {
  let nearest: number | undefined;
  let farthest: number | undefined;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < distance.length; row++) {
    if (!isOther(row)) continue;
    const value = distance[row] ?? 0;
    if (value > most) [farthest, most] = [row, value];
    if (value > near && value < least) [nearest, least] = [row, value];
  }
  return nearest ?? farthest;
}
