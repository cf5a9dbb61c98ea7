// The weights of a patch embedding in the order in which pixels lie in memory.

/** [width, 3, p, p] -> [width, p * p * 3] */
export function inPixelOrder(weight: Float32Array, width: number, patch: number): Float32Array<ArrayBuffer> {
  const area = patch * patch;
  const ordered = new Float32Array(weight.length);
  for (let o = 0; o < width; o++) {
    for (let channel = 0; channel < 3; channel++) {
      for (let at = 0; at < area; at++)
        ordered[(o * area + at) * 3 + channel] = weight[(o * 3 + channel) * area + at] ?? 0;
    }
  }
  return ordered;
}
