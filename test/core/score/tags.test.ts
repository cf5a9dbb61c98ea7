// Tags: log odds by hand, Platt's fit on data whose answer is known, calibration error by hand.
import { describe, expect, test } from "vitest";
import { calibrationError } from "../../../src/core/score/calibrationError.ts";
import { labelLogits } from "../../../src/core/score/labelLogits.ts";
import { calibrate, fitPlatt, IDENTITY, sigmoid } from "../../../src/core/score/platt.ts";
import { type Competition, tagLogits } from "../../../src/core/score/tagLogits.ts";

const alone: Competition = { kin: [], negatives: undefined };

describe("tagLogits", () => {
  const image = Float32Array.of(1, 0);
  const labels = Float32Array.of(1, 0, 0, 1);

  test("are the log odds of a softmax with the background", () => {
    const background = Float32Array.of(0.6, 0.8, 0, 1);
    const [first = 0, second = 0] = tagLogits(image, labels, background, () => alone, 10);
    const rivals = Math.exp(10 * 0.6) + Math.exp(0);
    expect(sigmoid(first)).toBeCloseTo(Math.exp(10) / (Math.exp(10) + rivals), 5);
    expect(sigmoid(second)).toBeCloseTo(1 / (1 + rivals), 5);
  });

  test("kin do not compete, negatives do", () => {
    const kin = tagLogits(image, labels, labels, (row) => ({ kin: [row], negatives: undefined }), 10);
    expect(kin[0]).toBeCloseTo(10, 4);
    const negatives = Float32Array.of(1, 0);
    const hard = tagLogits(image, labels, labels, (row) => ({ kin: [row], negatives }), 10);
    expect(hard[0]).toBeCloseTo(-Math.log(1 + Math.exp(-10)), 4);
  });

  test("stay finite with a large scale and no rival left", () => {
    const logits = tagLogits(image, labels, labels, () => ({ kin: [0, 1], negatives: undefined }), 1000);
    for (const logit of logits) expect(Number.isNaN(calibrate(logit, IDENTITY))).toBe(false);
  });
});

describe("labelLogits", () => {
  const image = Float32Array.of(0.8, 0.6);
  const labels = Float32Array.of(1, 0, 0, 1);
  const background = Float32Array.of(0.6, 0.8, 0, 1);
  const scoring = { logit_scale: 10, logit_bias: -7 };
  const of = (scores: "softmax" | "sigmoid" | undefined, rival = alone) =>
    labelLogits(image, labels, background, () => rival, { ...scoring, scores });

  test("of a softmax model are those of tagLogits, and the bias is nothing to them", () => {
    const expected = tagLogits(image, labels, background, () => alone, 10);
    expect(of(undefined)).toEqual(expected);
    expect(of("softmax")).toEqual(expected);
  });

  test("of a sigmoid model are scale and bias, and nothing competes", () => {
    const [first = 0, second = 0] = of("sigmoid");
    expect(first).toBeCloseTo(10 * 0.8 - 7, 5);
    expect(second).toBeCloseTo(10 * 0.6 - 7, 5);
    expect(of("sigmoid", { kin: [0], negatives: labels })).toEqual(of("sigmoid"));
  });
});

describe("fitPlatt", () => {
  test("finds slope and intercept of outcomes drawn from them", () => {
    const [slope, intercept] = [0.7, -1.2];
    const logits: number[] = [];
    const truths: number[] = [];
    // Of every 1,000 outcomes at one logit, as many are true as the probability says.
    for (let logit = -6; logit <= 6; logit += 0.5) {
      const right = Math.round(1000 * sigmoid(slope * logit + intercept));
      for (let i = 0; i < 1000; i++) {
        logits.push(logit);
        truths.push(i < right ? 1 : 0);
      }
    }
    const fit = fitPlatt(Float64Array.from(logits), Uint8Array.from(truths));
    expect(fit.slope).toBeCloseTo(slope, 1);
    expect(fit.intercept).toBeCloseTo(intercept, 1);
  });

  test("separable outcomes end in finite numbers", () => {
    const fit = fitPlatt(Float64Array.of(-3, -2, 2, 3), Uint8Array.of(0, 0, 1, 1));
    expect(Number.isFinite(fit.slope) && Number.isFinite(fit.intercept)).toBe(true);
    expect(fit.slope).toBeGreaterThan(0);
  });

  test("needs both outcomes", () => {
    expect(() => fitPlatt(Float64Array.of(1, 2), Uint8Array.of(1, 1))).toThrow(RangeError);
  });
});

describe("calibrationError", () => {
  test("is zero where eight of ten come true at 0.8", () => {
    expect(calibrationError(new Float64Array(10).fill(0.8), Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 0, 0))).toBeCloseTo(
      0,
      10,
    );
  });

  test("is the distance where none does", () => {
    expect(calibrationError(new Float64Array(4).fill(0.9), new Uint8Array(4))).toBeCloseTo(0.9, 10);
  });
});
