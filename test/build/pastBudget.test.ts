// A pack past the drift budget is refused with what can be done about it.
import { expect, test } from "vitest";
import type { Drift } from "../../src/build/drift.ts";
import { pastBudget } from "../../src/build/pastBudget.ts";

const good: Drift = { count: 8, cosine_mean: 0.9993, cosine_worst: 0.9952 };
const bad: Drift = { count: 8, cosine_mean: 0.9519, cosine_worst: 0.9402 };

test("a tower of a large model: it was not adjusted, a finer format is named", () => {
  const said = pastBudget({ quantization: "int4", drift: "staged" }, { image: good, text: bad });
  expect(said).toMatch(/^The drift of the text tower is past the budget \(mean 0\.99, worst 0\.97\)/);
  expect(said).toMatch(/not adjusted: make it with --quant int8, or accept it with --allow-drift/);
});

test("one that was adjusted already", () => {
  const said = pastBudget({ quantization: "int8" }, { image: bad, text: bad });
  expect(said).toMatch(/^The drift of the image tower and the text tower/);
  expect(said).toMatch(/--quant fp16, which is for GPUs/);
  expect(said).not.toMatch(/adjusted/);
});

test("within the budget nothing is said", () => {
  expect(pastBudget({ quantization: "int4" }, { image: good, text: good })).toBeUndefined();
});
