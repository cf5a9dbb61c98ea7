// Area under the ROC curve against hand-counted pairs.
import { expect, test } from "vitest";
import { rocAuc } from "../../../src/core/score/rocAuc.ts";

test.each<[string, number[], number[], number]>([
  ["every positive above every negative", [1, 2, 3, 4], [0, 0, 1, 1], 1],
  ["every positive below", [4, 3, 2, 1], [0, 0, 1, 1], 0],
  ["three of four pairs in order", [1, 3, 2, 4], [0, 0, 1, 1], 0.75],
  ["all tied", [1, 1, 1, 1], [0, 1, 0, 1], 0.5],
  ["a tie counts half", [1, 2, 2, 3], [0, 0, 1, 1], 0.875],
])("%s", (_name, scores, truths, expected) => {
  expect(rocAuc(scores, truths)).toBeCloseTo(expected, 12);
});

test("is not defined without both kinds", () => {
  expect(rocAuc([1, 2], [1, 1])).toBeNaN();
});
