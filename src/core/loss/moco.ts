// MoCo: a query finds the momentum encoder's key of the same picture among a queue of older keys.
import { crossEntropy } from "./crossEntropy.ts";
import { dots, type Loss, rowsOf } from "./rows.ts";

/**
 * L = 1/N sum_i -log [ exp(q_i.k_i / tau) / (exp(q_i.k_i / tau) + sum_j exp(q_i.u_j / tau)) ],  u_j the queue
 *
 * He, Fan, Wu, Xie, Girshick: Momentum Contrast for Unsupervised Visual Representation Learning, 2019 (arXiv 1911.05722).
 * @param query unit vectors [N, D], which alone carry a gradient
 * @param key unit vectors [N, D] of the same pictures
 * @param queue unit vectors [K, D] of older pictures
 * @param temperature tau
 */
export function moco(
  query: Float64Array,
  key: Float64Array,
  queue: Float64Array,
  width: number,
  temperature: number,
): Loss<"query"> {
  const count = rowsOf(query, width);
  if (key.length !== query.length) throw new RangeError("every query needs its key");
  const older = rowsOf(queue, width);
  const columns = older + 1;
  const logits = new Float64Array(count * columns);
  const own = new Float64Array(count * columns);
  const others = dots(query, queue, width);
  for (let row = 0; row < count; row++) {
    const [from, to] = [row * width, (row + 1) * width];
    logits[row * columns] = (dots(query.subarray(from, to), key.subarray(from, to), width)[0] ?? 0) / temperature;
    for (let at = 0; at < older; at++) logits[row * columns + 1 + at] = (others[row * older + at] ?? 0) / temperature;
    own[row * columns] = 1;
  }
  const { loss, gradient: slope } = crossEntropy(logits, own, columns);
  const gradient = new Float64Array(query.length);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < columns; column++) {
      const weight = (slope[row * columns + column] ?? 0) / temperature;
      const [vectors, start] = column === 0 ? [key, row * width] : [queue, (column - 1) * width];
      for (let i = 0; i < width; i++)
        gradient[row * width + i] = (gradient[row * width + i] ?? 0) + weight * (vectors[start + i] ?? 0);
    }
  }
  return { loss, gradient: { query: gradient } };
}
