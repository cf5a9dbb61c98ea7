// Cosines of one picture with every label of a bank: one small matrix product over unit vectors.

/**
 * @param image unit vector [D]
 * @param bank unit rows [L, D], row-major
 * @returns cosines [L], clamped to [-1, 1] against rounding
 */
export function cosines(image: Float32Array, bank: Float32Array): Float32Array<ArrayBuffer> {
  const width = image.length;
  if (width === 0 || bank.length % width !== 0) {
    throw new RangeError(`a bank of ${bank.length} numbers has no rows of width ${width}`);
  }
  const out = new Float32Array(bank.length / width);
  for (let row = 0, at = 0; row < out.length; row++) {
    let dot = 0;
    for (let i = 0; i < width; i++, at++) dot += (image[i] ?? 0) * (bank[at] ?? 0);
    out[row] = Math.min(1, Math.max(-1, dot));
  }
  return out;
}
