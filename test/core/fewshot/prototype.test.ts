// Class vectors out of pictures: by hand on few dimensions.
import { expect, test } from "vitest";
import { bridged } from "../../../src/core/fewshot/bridge.ts";
import { mixed, prototype } from "../../../src/core/fewshot/prototype.ts";

const near = (got: Float32Array, expected: number[]) => {
  for (const [i, value] of expected.entries()) expect(got[i]).toBeCloseTo(value, 6);
};

test("a prototype is the direction between its pictures, however long their vectors are", () => {
  near(prototype([Float32Array.of(1, 0), Float32Array.of(0, 5)]), [Math.SQRT1_2, Math.SQRT1_2]);
  near(prototype([Float32Array.of(0.6, 0.8)]), [0.6, 0.8]);
  expect(() => prototype([])).toThrow(RangeError);
});

test("a text counts as eight pictures", () => {
  const [picture, text] = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
  near(mixed(picture, text, 8), [Math.SQRT1_2, Math.SQRT1_2]);
  near(mixed(picture, text, 6), [0.6, 0.8]);
});

test("a bridged prototype lies where texts lie, towards those that are like it", () => {
  // Pictures share the third axis, texts the fourth.
  const memory = Float32Array.of(0.6, 0, 0, 0.8, 0, 0.6, 0, 0.8);
  const near = bridged(Float32Array.of(0.6, 0, 0.8, 0), memory, 20);
  expect(near[2]).toBe(0);
  expect(near[3]).toBeGreaterThan(0.75);
  expect(near[0]).toBeGreaterThan(0.55);
  // e^(20 * 0.36) to one: the other text hardly counts.
  expect(near[1]).toBeCloseTo(0.6 / (1 + Math.exp(7.2)), 3);
  expect(Math.hypot(...near)).toBeCloseTo(1, 6);
});
