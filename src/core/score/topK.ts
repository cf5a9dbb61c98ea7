// The best k of a list of scores.

/**
 * @param scores [L]
 * @param k at least 0; more than L means all
 * @returns indices best first; equal scores keep their order
 */
export function topK(scores: ArrayLike<number>, k: number): number[] {
  const best: number[] = [];
  const score = (index: number | undefined) => (index === undefined ? Number.NaN : (scores[index] ?? Number.NaN));
  for (let i = 0; i < scores.length; i++) {
    if (best.length >= k && !(score(i) > score(best.at(-1)))) continue;
    // Binary search for the first place with a lower score.
    let low = 0;
    let high = best.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (score(best[middle]) >= score(i)) low = middle + 1;
      else high = middle;
    }
    best.splice(low, 0, i);
    if (best.length > k) best.pop();
  }
  return best;
}
