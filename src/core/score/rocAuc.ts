// Area under the ROC curve: the chance that a positive scores above a negative, ties counting half.
// By ranks (Mann-Whitney): Hanley and McNeil (1982).

/** @param scores [n]; @param truths [n], 1 for a positive; @returns NaN unless both occur */
export function rocAuc(scores: ArrayLike<number>, truths: ArrayLike<number>): number {
  const order = Array.from(scores, (score, at) => ({ score, truth: truths[at] ?? 0 })).sort(
    (a, b) => a.score - b.score,
  );
  let [positives, negatives, above] = [0, 0, 0];
  for (let from = 0; from < order.length; ) {
    let to = from;
    let [tiedPositives, tiedNegatives] = [0, 0];
    for (; to < order.length && order[to]?.score === order[from]?.score; to++) {
      if (order[to]?.truth) tiedPositives++;
      else tiedNegatives++;
    }
    above += tiedPositives * (negatives + tiedNegatives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
    from = to;
  }
  return above / (positives * negatives);
}
