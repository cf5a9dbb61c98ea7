// Decisions from log odds: thresholds, views, tenants, and what a model cannot tell.
import { expect, test } from "vitest";
import { cannotJudge, decide, partlySeen } from "../../../src/core/policy/decide.ts";
import type { Category } from "../../../src/core/policy/policy.ts";
import { worst } from "../../../src/core/policy/worst.ts";

const category = (name: string, rest: Partial<Category> = {}): Category => ({
  ...{ name, description: "", severity: "medium", review: 0.3, block: 0.8, parents: [], from: 0, count: 1 },
  measured: { slope: 1, intercept: 0 },
  ...rest,
});
const logit = (probability: number) => Math.log(probability / (1 - probability));
const view = (...probabilities: number[]) => Float64Array.from(probabilities, logit);
const policy = (...categories: Category[]) => ({ calibrated: true, categories });

test.each([
  [0.29, "allow", []],
  [0.31, "review", ["over_review"]],
  [0.79, "review", ["over_review"]],
  [0.81, "block", ["over_block"]],
])("a score of %d gives %s", (score, decision, codes) => {
  const verdict = decide(policy(category("fire")), [view(score)]);
  expect([verdict.decision, verdict.reasons.map(({ code }) => code)]).toEqual([decision, codes]);
  expect(verdict.categories.fire).toBeCloseTo(score, 6);
});

test("a threshold is reached by equality; 0 always, and 1 never below certainty", () => {
  expect(decide(policy(category("a", { review: 0.5, block: 1 })), [Float64Array.of(0)]).decision).toBe("review");
  expect(decide(policy(category("a", { review: 0, block: 0 })), [Float64Array.of(-1e9)]).decision).toBe("block");
  expect(decide(policy(category("a", { review: 1, block: 1 })), [Float64Array.of(10)]).decision).toBe("allow");
});

test("the worst view decides, each category by its own", () => {
  const verdict = decide(policy(category("a"), category("b")), [view(0.1, 0.9), view(0.4, 0.1)]);
  expect(verdict.reasons.map(({ category: name, code }) => [name, code])).toEqual([
    ["b", "over_block"],
    ["a", "over_review"],
  ]);
});

test("the gravest reason is first: blocks, then severity, then score", () => {
  const many = policy(
    category("low", { severity: "low" }),
    category("high", { severity: "high" }),
    category("higher", { severity: "high" }),
    category("blocked", { severity: "low" }),
  );
  const { reasons } = decide(many, [view(0.7, 0.4, 0.5, 0.9)]);
  expect(reasons.map(({ category: name }) => name)).toEqual(["blocked", "higher", "high", "low"]);
});

test("the calibration of a category is applied", () => {
  const fitted = policy(category("a", { measured: { slope: 2, intercept: -1 } }));
  expect(decide(fitted, [Float64Array.of(0.5)]).categories.a).toBeCloseTo(0.5, 6);
});

test("what was not measured has no score and no reason, and is listed", () => {
  const verdict = decide(policy(category("a"), category("nudity", { measured: undefined })), [view(0.1, 0.999)]);
  expect([verdict.decision, verdict.categories.nudity, verdict.unjudged]).toEqual(["allow", null, ["nudity"]]);
});

test("without any calibration everything is judged, and nothing blocked", () => {
  const raw = { calibrated: false, categories: [category("a", { measured: undefined })] };
  const verdict = decide(raw, [view(0.99)]);
  expect([verdict.decision, verdict.reasons[0]?.code]).toEqual(["review", "over_block_uncalibrated"]);
  expect(verdict.unjudged).toEqual([]);
});

test("a tenant's thresholds replace those of the categories that they name", () => {
  const both = policy(category("a"), category("b"));
  const verdict = decide(both, [view(0.5, 0.5)], { a: { review: 0.1, block: 0.4 } });
  expect(verdict.reasons.map(({ category: name, threshold }) => [name, threshold])).toEqual([
    ["a", 0.4],
    ["b", 0.3],
  ]);
});

test("no view is no verdict", () => {
  expect(() => decide(policy(category("a")), [])).toThrow(RangeError);
});

test("a picture that could not be looked at is for review, with nulls for scores", () => {
  const verdict = cannotJudge(policy(category("a"), category("b", { measured: undefined })), "image_unreadable");
  expect(verdict).toEqual({
    decision: "review",
    reasons: [{ category: null, score: null, threshold: null, severity: null, code: "image_unreadable" }],
    categories: { a: null, b: null },
    unjudged: ["b"],
  });
});

test("a picture of which a part was not seen is at least for review", () => {
  const [harmless, grave] = [decide(policy(category("a")), [view(0.1)]), decide(policy(category("a")), [view(0.9)])];
  expect(partlySeen(harmless, "animation_first_frame")).toMatchObject({
    decision: "review",
    reasons: [{ category: null, code: "animation_first_frame" }],
  });
  expect(partlySeen(grave, "animation_first_frame").decision).toBe("block");
});

test("of several pictures the gravest decides, with the highest scores", () => {
  const both = policy(category("a"), category("b"));
  const [mild, grave] = [decide(both, [view(0.35, 0.2)]), decide(both, [view(0.1, 0.9)])];
  const verdict = worst([mild, cannotJudge(both, "image_unreadable"), grave]);
  expect(verdict.decision).toBe("block");
  expect(verdict.categories.a).toBeCloseTo(0.35, 6);
  expect(verdict.categories.b).toBeCloseTo(0.9, 6);
  expect(verdict.reasons.map(({ code }) => code)).toEqual(["over_block", "over_review", "image_unreadable"]);
  expect(() => worst([])).toThrow(RangeError);
});
