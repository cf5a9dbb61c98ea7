// What a fitted category is said to be worth, counted by hand.
import { expect, test } from "vitest";
import { atThreshold, scoreCategory } from "../../../src/build/policies/scoreCategory.ts";

const IDENTITY = { slope: 1, intercept: 0 };

test("precision and recall at a threshold", () => {
  const outcomes = { logits: Float64Array.of(-2, 0.5, 1, 3), truths: Uint8Array.of(1, 0, 1, 1) };
  expect(atThreshold(outcomes, IDENTITY, 0.5)).toEqual({ precision: 0.666667, recall: 0.666667 });
  expect(atThreshold(outcomes, IDENTITY, 0.99)).toEqual({ precision: null, recall: 0 });
});

test("the fit uses all pictures; its worth is measured on those that a second fit did not see", () => {
  // Even places are told apart perfectly, odd ones the wrong way round: a worth measured on what was fitted would be 1.
  const logits = Float64Array.from({ length: 80 }, (_, at) => (at % 4 < 2 ? 1 : -1) + at / 1000);
  const truths = Uint8Array.from({ length: 80 }, (_, at) => Number(at % 2 === 0 ? at % 4 === 0 : at % 4 === 3));
  const fit = scoreCategory({ logits, truths }, { review: 0.5, block: 0.9 });
  expect([fit.positives, fit.negatives]).toEqual([40, 40]);
  expect(fit.auc).toBe(0);
  expect(fit.review.recall).toBe(0);
});
