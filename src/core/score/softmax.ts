// The zero-shot distribution over labels: softmax(scale * cosine + bias), as CLIP defines it.

/**
 * @param cosines [L]
 * @param scale the logit scale as multiplied, not its logarithm
 * @param bias added to every logit; it cancels here and is taken so that both heads share one signature
 * @returns probabilities [L] in double precision, summing to 1; empty for no labels
 */
export function softmax(cosines: ArrayLike<number>, scale: number, bias: number): Float64Array<ArrayBuffer> {
  const out = Float64Array.from(cosines, (cosine) => scale * cosine + bias);
  // Subtracting the largest logit keeps exp() within range and changes nothing.
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of out) largest = Math.max(largest, logit);
  if (out.length > 0 && !Number.isFinite(largest)) throw new RangeError("a logit is not finite");
  let sum = 0;
  for (const [i, logit] of out.entries()) {
    const weight = Math.exp(logit - largest);
    out[i] = weight;
    sum += weight;
  }
  return out.map((weight) => weight / sum);
}
