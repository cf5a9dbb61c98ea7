// Scoring: definitions on small numbers, and properties on random ones.
import { expect, test } from "vitest";
import { cosines } from "../../../src/core/score/cosines.ts";
import { meanOfUnit } from "../../../src/core/score/meanOfUnit.ts";
import { normalize } from "../../../src/core/score/normalize.ts";
import { round6 } from "../../../src/core/score/round6.ts";
import { softmax } from "../../../src/core/score/softmax.ts";
import { topK } from "../../../src/core/score/topK.ts";

/** Mulberry32: the same numbers on every run. */
function random(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const seeds = Array.from({ length: 50 }, (_, seed) => seed + 1);
const numbers = (seed: number, max: number, spread = 1) => {
  const next = random(seed);
  return Array.from({ length: Math.floor(next() * max) + 1 }, () => (next() * 2 - 1) * spread);
};

test("cosines are dot products with the rows", () => {
  const got = cosines(Float32Array.of(0.6, 0.8), Float32Array.of(1, 0, 0, 1, 0.6, 0.8, -0.6, -0.8));
  for (const [i, cosine] of [0.6, 0.8, 1, -1].entries()) expect(got[i]).toBeCloseTo(cosine, 6);
  expect(Math.max(...got)).toBeLessThanOrEqual(1);
});

test("cosines refuse a bank of another width", () => {
  expect(() => cosines(new Float32Array(3), new Float32Array(4))).toThrow(RangeError);
  expect(() => cosines(new Float32Array(0), new Float32Array(0))).toThrow(RangeError);
});

test("softmax of one, of equals, of none", () => {
  expect([...softmax([0.3], 100, 0)]).toEqual([1]);
  expect([...softmax([0.2, 0.2], 100, -5)]).toEqual([0.5, 0.5]);
  expect([...softmax([], 100, 0)]).toEqual([]);
});

test("softmax is e^x over the sum", () => {
  const [a, b] = softmax([1, 0], 2, 0.5);
  expect(a! / b!).toBeCloseTo(Math.E ** 2, 10);
});

test.each(seeds)("softmax sums to 1, keeps the order and ignores the bias (seed %i)", (seed) => {
  const values = numbers(seed, 300);
  const got = softmax(values, 1000, seed);
  expect(got.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
  expect(topK(got, 1)).toEqual(topK(values, 1));
  const shifted = softmax(values, 1000, 0);
  for (const [i, p] of got.entries()) expect(p).toBeCloseTo(shifted[i]!, 9);
});

test("softmax refuses what is not finite", () => {
  expect(() => softmax([Number.NaN, 1], 1, 0)).toThrow(RangeError);
  expect(() => softmax([1], Number.POSITIVE_INFINITY, 0)).toThrow(RangeError);
});

test.each(seeds)("topK is the head of a stable sort (seed %i)", (seed) => {
  const values = numbers(seed, 200, 5).map(Math.round); // few distinct values: many ties
  const sorted = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
  for (const k of [0, 1, 5, values.length, values.length + 3]) expect(topK(values, k)).toEqual(sorted.slice(0, k));
});

test("round6 keeps six decimals and refuses what is no number", () => {
  expect(round6(0.123456789)).toBe(0.123457);
  expect(Object.is(round6(-1e-9), 0)).toBe(true);
  expect(() => round6(Number.NaN)).toThrow(RangeError);
  expect(() => round6(Number.POSITIVE_INFINITY)).toThrow(RangeError);
});

test("normalize gives length 1 and refuses what has no direction", () => {
  expect([...normalize([3, 4])]).toEqual([Math.fround(0.6), Math.fround(0.8)]);
  for (const bad of [[0, 0], [], [Number.NaN, 1], [Number.POSITIVE_INFINITY, 1]]) {
    expect(() => normalize(bad)).toThrow(RangeError);
  }
});

test("meanOfUnit weighs every prompt alike, whatever its length", () => {
  const [x, y] = meanOfUnit([
    [10, 0],
    [0, 0.1],
  ]);
  expect(x).toBeCloseTo(Math.SQRT1_2, 6);
  expect(y).toBeCloseTo(Math.SQRT1_2, 6);
  expect(() => meanOfUnit([])).toThrow(RangeError);
  expect(() => meanOfUnit([[1, 0], [1]])).toThrow(RangeError);
  expect(() =>
    meanOfUnit([
      [1, 0],
      [-1, 0],
    ]),
  ).toThrow(RangeError);
});
