// Expected calibration error: how far stated probabilities are from how often they come true.
// Definition: Guo et al. (2017), https://arxiv.org/abs/1706.04599, with bins of equal width.

const BINS = 15;

/** @param probabilities [n]; @param truths [n], 1 where it came true; @returns 0 (perfect) to 1 */
export function calibrationError(probabilities: Float64Array, truths: Uint8Array): number {
  const bins = Array.from({ length: BINS }, () => ({ stated: 0, true: 0 }));
  for (const [i, probability] of probabilities.entries()) {
    const bin = bins[Math.min(BINS - 1, Math.floor(probability * BINS))];
    if (!bin) continue;
    bin.stated += probability;
    bin.true += truths[i] ?? 0;
  }
  return bins.reduce((sum, bin) => sum + Math.abs(bin.stated - bin.true), 0) / Math.max(1, probabilities.length);
}
