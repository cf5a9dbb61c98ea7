// The class vector of a label out of example pictures, and out of these and its text.
import { meanOfUnit } from "../score/meanOfUnit.ts";
import { normalize } from "../score/normalize.ts";

/**
 * Pictures that a label's text counts as. Of 2, 4, 8 and 16, from 8 on a mixture of 1 to 16 pictures with the text stayed
 * near the better of the two on both nano models: the text decides while pictures are few, and is outvoted by many.
 */
const TEXT_WEIGHT = 8;

/**
 * p = the normalised mean of the unit image vectors (Snell, Swersky, Zemel: Prototypical Networks for Few-shot Learning,
 * 2017, arXiv 1703.05175).
 * @param pictures at least one vector [D]
 */
export const prototype = (pictures: readonly ArrayLike<number>[]): Float32Array<ArrayBuffer> => meanOfUnit(pictures);

/**
 * normalise(n p + 8 t)
 * @param visual p, unit vector [D], the prototype of `count` pictures or what it was bridged to
 * @param text t, unit vector [D]
 * @param count n
 */
export function mixed(visual: Float32Array, text: Float32Array, count: number): Float32Array<ArrayBuffer> {
  return normalize(Float32Array.from(visual, (value, i) => count * value + TEXT_WEIGHT * (text[i] ?? 0)));
}
