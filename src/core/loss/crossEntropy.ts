// Cross-entropy of rows of logits with soft targets, and its gradient by the logits.
import { rowsOf } from "./rows.ts";

/**
 * L = -1/N sum_ij y_ij log softmax_j(l_i)_j, whose gradient is (sum_k y_ik softmax_j(l_i)_j - y_ij) / N.
 * @param logits [N, M]; -Infinity leaves a column out of its row
 * @param target [N, M]; a row of zeros takes no part
 * @param columns M
 * @param count N, where it is not the number of rows
 * @returns the gradient [N, M]
 */
export function crossEntropy(
  logits: Float64Array,
  target: Float64Array,
  columns: number,
  count: number = rowsOf(logits, columns),
): { loss: number; gradient: Float64Array<ArrayBuffer> } {
  if (target.length !== logits.length) throw new RangeError(`${target.length} targets of ${logits.length} logits`);
  const gradient = new Float64Array(logits.length);
  let loss = 0;
  for (let start = 0; start < logits.length; start += columns) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let at = start; at < start + columns; at++) largest = Math.max(largest, logits[at] ?? 0);
    let sum = 0;
    for (let at = start; at < start + columns; at++) sum += Math.exp((logits[at] ?? 0) - largest);
    const total = largest + Math.log(sum);
    let mass = 0;
    for (let at = start; at < start + columns; at++) {
      const share = target[at] ?? 0;
      mass += share;
      // Not for a share of 0: it may meet a logit of -Infinity.
      if (share !== 0) loss -= share * ((logits[at] ?? 0) - total);
    }
    for (let at = start; at < start + columns; at++)
      gradient[at] = (mass * Math.exp((logits[at] ?? 0) - total) - (target[at] ?? 0)) / count;
  }
  return { loss: loss / count, gradient };
}
