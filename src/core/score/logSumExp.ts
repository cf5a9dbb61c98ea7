// log(sum of exp): the logit of a union, in range whatever the logits are.

/** @returns -Infinity for no logits */
export function logSumExp(logits: Iterable<number>): number {
  const all = [...logits];
  const largest = all.reduce((max, logit) => Math.max(max, logit), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log(all.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
}
