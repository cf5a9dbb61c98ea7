// McNemar's exact test: whether one of two classifiers, judged on the same pictures, is right more often than by chance.

/**
 * Two-sided p = min(1, 2 sum_{i <= min(b, c)} binomial(b + c, i) / 2^(b + c)).
 *
 * McNemar: Note on the sampling error of the difference between correlated proportions, 1947.
 * @param onlyFirst b, pictures that only the first got right
 * @param onlySecond c, pictures that only the second got right
 */
export function mcnemar(onlyFirst: number, onlySecond: number): number {
  const total = onlyFirst + onlySecond;
  // Logarithms, since 2^-total leaves the range of numbers at 1,075.
  let log = -total * Math.LN2;
  let sum = 0;
  for (let i = 0; i <= Math.min(onlyFirst, onlySecond); i++) {
    sum += Math.exp(log);
    log += Math.log(total - i) - Math.log(i + 1);
  }
  return Math.min(1, 2 * sum);
}
