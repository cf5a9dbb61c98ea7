// By how much a channel is divided in front of a linear layer, which multiplies it again: the larger its values are beside its
// weights, the more. SmoothQuant: Xiao et al. 2022, https://arxiv.org/abs/2211.10438, with its strength of 1/2.

/**
 * @param largest fp32 [inputs], the largest magnitude of each channel
 * @param weight fp32 [outputs, inputs]
 * @returns sqrt(max |x| / max |w|) of each channel, 1 where either is always 0
 */
export function smoothingOf(largest: Float32Array, weight: Float32Array): Float32Array<ArrayBuffer> {
  const inputs = largest.length;
  const columns = new Float32Array(inputs);
  for (let at = 0; at < weight.length; at += inputs) {
    for (let i = 0; i < inputs; i++) columns[i] = Math.max(columns[i] ?? 0, Math.abs(weight[at + i] ?? 0));
  }
  return Float32Array.from(largest, (value, i) => {
    const factor = Math.sqrt(value / (columns[i] ?? 0));
    return factor > 0 && Number.isFinite(factor) ? factor : 1;
  });
}

/** Each input's column by its factor, in place. @param weight fp32 [outputs, inputs] */
export function scaleColumns(weight: Float32Array, factors: Float32Array): void {
  for (let at = 0; at < weight.length; at += factors.length)
    for (const [i, factor] of factors.entries()) weight[at + i] = (weight[at + i] ?? 0) * factor;
}
