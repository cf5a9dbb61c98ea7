// Fits one category of a policy on pictures that show it and pictures that do not, and says what the fit is worth.

import type { Thresholds } from "../../core/policy/policy.ts";
import { calibrationError } from "../../core/score/calibrationError.ts";
import { calibrate, fitPlatt, type Platt } from "../../core/score/platt.ts";
import { rocAuc } from "../../core/score/rocAuc.ts";
import type { CategoryCalibration } from "./calibration.ts";

export interface Outcomes {
  /** Log odds of the worst view of each picture, [n]. */
  logits: Float64Array;
  /** [n], 1 where the picture shows the category. */
  truths: Uint8Array;
}

const round = (value: number): number => Number(value.toFixed(6));
const share = (part: number, whole: number): number | null => (whole > 0 ? round(part / whole) : null);

/** @returns precision and recall of taking every picture from this probability on; null where there is nothing to divide by */
export function atThreshold({ logits, truths }: Outcomes, fit: Platt, threshold: number) {
  let [taken, right, positives] = [0, 0, 0];
  for (const [at, logit] of logits.entries()) {
    const truth = truths[at] ?? 0;
    positives += truth;
    if (calibrate(logit, fit) < threshold) continue;
    taken++;
    right += truth;
  }
  return { precision: share(right, taken), recall: share(right, positives) };
}

const half = ({ logits, truths }: Outcomes, rest: 0 | 1): Outcomes => ({
  logits: logits.filter((_, at) => at % 2 === rest),
  truths: truths.filter((_, at) => at % 2 === rest),
});

/** Fits on all pictures; what is told of it is a fit on every other one, measured on the rest. */
export function scoreCategory(outcomes: Outcomes, { review, block }: Thresholds): CategoryCalibration {
  const [seen, unseen] = [half(outcomes, 0), half(outcomes, 1)];
  const trial = fitPlatt(seen.logits, seen.truths);
  const { slope, intercept } = fitPlatt(outcomes.logits, outcomes.truths);
  const positives = outcomes.truths.reduce((sum, truth) => sum + truth, 0);
  return {
    slope: round(slope),
    intercept: round(intercept),
    positives,
    negatives: outcomes.truths.length - positives,
    auc: round(rocAuc(unseen.logits, unseen.truths)),
    ece: round(
      calibrationError(
        Float64Array.from(unseen.logits, (logit) => calibrate(logit, trial)),
        unseen.truths,
      ),
    ),
    review: atThreshold(unseen, trial, review),
    block: atThreshold(unseen, trial, block),
  };
}
