// L2 normalisation: a direction out of a vector.

/**
 * @param vector [D]
 * @returns a new unit vector [D]
 * @throws RangeError for a zero or non-finite vector, which has no direction
 */
export function normalize(vector: ArrayLike<number>): Float32Array<ArrayBuffer> {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += (vector[i] ?? 0) ** 2;
  const length = Math.sqrt(squares);
  if (!(length > 0) || !Number.isFinite(length))
    throw new RangeError(`a vector of length ${length} cannot be normalised`);
  return Float32Array.from(vector, (value) => value / length);
}
