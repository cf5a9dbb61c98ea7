// Symmetric int8 a row: the error is at most half a step.
import { expect, test } from "vitest";
import { affineOf } from "../../../src/build/quantize/calibration.ts";
import { quantizeRows, ZERO_POINT } from "../../../src/build/quantize/rows.ts";

test("every value is within half a step of its row", () => {
  const weight = Float32Array.from({ length: 4 * 50 }, (_, i) => Math.sin(i * 12.9898) * 10 ** Math.floor(i / 50));
  const { values, scales } = quantizeRows(weight, 4);
  for (const [i, value] of weight.entries()) {
    const scale = scales[Math.floor(i / 50)] ?? 0;
    expect(Math.abs(((values[i] ?? 0) - ZERO_POINT) * scale - value)).toBeLessThanOrEqual(scale * 0.5001);
  }
});

test("a row of zeros stays zero", () => {
  const { values, scales } = quantizeRows(new Float32Array(8), 2);
  expect([...values]).toEqual(Array(8).fill(ZERO_POINT));
  expect([...scales].every((scale) => scale > 0)).toBe(true);
});

test.each<[number, number]>([
  [0, 6],
  [-1, 3],
  [2, 5],
  [-4, -1],
  [0, 0],
])("the grid over [%d, %d] has zero on it and covers the range", (low, high) => {
  const { scale, zeroPoint } = affineOf([low, high]);
  expect(Number.isInteger(zeroPoint)).toBe(true);
  expect((0 - zeroPoint) * scale).toBeLessThanOrEqual(Math.min(0, low) + scale);
  expect((255 - zeroPoint) * scale).toBeGreaterThanOrEqual(Math.max(0, high) - scale);
});
