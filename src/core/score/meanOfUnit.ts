// One vector for several prompts of a label, as in CLIP's prompt ensembling: normalise each, mean, renormalise.
import { normalize } from "./normalize.ts";

/**
 * @param vectors at least one vector [D]
 * @returns unit vector [D]
 */
export function meanOfUnit(vectors: readonly ArrayLike<number>[]): Float32Array<ArrayBuffer> {
  const [first] = vectors;
  if (first === undefined) throw new RangeError("the mean of no vectors");
  const sum = new Float64Array(first.length);
  for (const vector of vectors) {
    if (vector.length !== sum.length) throw new RangeError(`vectors of width ${sum.length} and ${vector.length}`);
    for (const [i, value] of normalize(vector).entries()) sum[i] = (sum[i] ?? 0) + value;
  }
  return normalize(sum);
}
