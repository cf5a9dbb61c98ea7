// Adapters on made-up pictures: two labels whose texts lie wrong, and enough pictures to say so.
import { describe, expect, test } from "vitest";
import { ADAPTER_LOSSES, type AdapterLoss } from "../../../src/core/fewshot/adapterLoss.ts";
import { chooseSetting, crossValidate } from "../../../src/core/fewshot/crossValidate.ts";
import { stratifiedFolds } from "../../../src/core/fewshot/folds.ts";
import { fitLinear, linearMethod, linearPredictions } from "../../../src/core/fewshot/linearAdapter.ts";
import { mcnemar } from "../../../src/core/fewshot/mcnemar.ts";
import { randomFrom } from "../../../src/core/fewshot/random.ts";
import { bestOf, pick, type Shots } from "../../../src/core/fewshot/shots.ts";
import { addCache, tipMethod } from "../../../src/core/fewshot/tipAdapter.ts";
import { dots } from "../../../src/core/loss/rows.ts";
import { normalize } from "../../../src/core/score/normalize.ts";

const WIDTH = 8;
const SCALE = 20;
/** [3, D]: the third label has no pictures. */
const texts = Float64Array.from(
  [
    [1, 0.2, 0, 0],
    [1, -0.2, 0, 0],
    [0, 0, 1, 0],
  ].flatMap((row) => [...normalize([...row, 0, 0, 0, 0])]),
);

/** Pictures of labels 0 and 1 that differ on the fourth axis, which no text knows of; `apart` says by how much. */
function pictures(each: number, apart: number, seed: number): Shots {
  const random = randomFrom(seed);
  const labels = Array.from({ length: 2 * each }, (_, at) => at % 2);
  const vectors = Float64Array.from(
    labels.flatMap((label) => {
      const noise = Array.from({ length: WIDTH }, () => (random() - 0.5) * 0.5);
      return [...normalize(noise.map((value, i) => value + (i === 0 ? 1 : i === 3 ? apart * (label ? -1 : 1) : 0)))];
    }),
  );
  return { width: WIDTH, vectors, labels, cosines: dots(vectors, texts, WIDTH) };
}
const accuracy = (predictions: readonly number[], { labels }: Shots) =>
  predictions.filter((label, at) => label === labels[at]).length / labels.length;
const zeroShot = (shots: Shots) => accuracy(bestOf(shots.cosines, 3), shots);

describe.each(Object.keys(ADAPTER_LOSSES) as AdapterLoss[])("a linear adapter by %s", (loss) => {
  const [seen, unseen] = [pictures(24, 0.6, 1), pictures(100, 0.6, 2)];

  test("learns what the texts do not know", () => {
    const adapter = fitLinear({ texts, scale: SCALE }, seen, { loss, pull: 0.015 });
    expect(adapter.rows).toEqual([0, 1]);
    for (const row of [0, 1])
      expect(Math.hypot(...adapter.vectors.subarray(row * WIDTH, (row + 1) * WIDTH))).toBeCloseTo(1, 6);
    expect(zeroShot(unseen)).toBeLessThan(0.65);
    expect(accuracy(linearPredictions(adapter, unseen), unseen)).toBeGreaterThan(0.9);
  });

  test("stays at the texts under a strong pull", () => {
    const { vectors } = fitLinear({ texts, scale: SCALE }, seen, { loss, pull: 1_000 });
    for (const [i, value] of vectors.entries()) expect(value).toBeCloseTo(texts[i]!, 1);
  });

  test("gives the same twice", () => {
    const fit = () => fitLinear({ texts, scale: SCALE }, seen, { loss, pull: 0.5 });
    expect(fit()).toEqual(fit());
  });
});

test("the cache speaks up for labels of near pictures only", () => {
  const logits = Float64Array.of(1, 1, 1);
  addCache(logits, [1, 0.5, 0], { alpha: 2, beta: 4, rows: [1, 1, 0] });
  const expected = [1 + 2 * Math.exp(-4), 1 + 2 * (1 + Math.exp(-2)), 1];
  for (const [i, value] of expected.entries()) expect(logits[i]).toBeCloseTo(value, 12);
});

describe("cross-validation", () => {
  const methods = { linear: linearMethod({ texts, scale: SCALE }, "multi-positive"), tip: tipMethod(SCALE) };

  test.each(Object.keys(methods) as (keyof typeof methods)[])("%s is worth what it is on unseen pictures", (name) => {
    const shots = pictures(30, 0.6, 3);
    const run = <S extends object, M>(method: Parameters<typeof crossValidate<S, M>>[0]) =>
      crossValidate(method, shots);
    const { predictions, folds } = name === "linear" ? run(methods.linear) : run(methods.tip);
    expect(folds).toBe(5);
    expect(accuracy(predictions, shots)).toBeGreaterThan(0.85);
  });

  test("what the pictures do not tell is not found", () => {
    const shots = pictures(30, 0, 4);
    const { predictions } = crossValidate(methods.tip, shots);
    const right = (list: readonly number[]) => list.map((label, at) => label === shots.labels[at]);
    const [before, after] = [right(bestOf(shots.cosines, 3)), right(predictions)];
    const only = (a: boolean[], b: boolean[]) => a.filter((is, at) => is && !b[at]).length;
    expect(mcnemar(only(before, after), only(after, before))).toBeGreaterThan(0.05);
  });

  test("one picture a label: nothing to judge by, and the setting nearest to zero-shot", () => {
    const shots = pictures(1, 0.6, 5);
    expect(() => crossValidate(methods.linear, shots)).toThrow(RangeError);
    expect(chooseSetting(methods.linear, shots)).toEqual(methods.linear.settings[0]);
  });

  test("a cache has 512 pictures at most, of every label", () => {
    const [setting] = methods.tip.settings;
    const { cached } = methods.tip.fit(pictures(400, 0.6, 6), setting!);
    expect(cached.labels).toHaveLength(512);
    expect(cached.labels.filter((label) => label === 0)).toHaveLength(256);
  });
});

test("folds hold every picture once, and every label alike", () => {
  const labels = [...Array(20).fill(7), ...Array(11).fill(3), ...Array(6).fill(1)];
  const folds = stratifiedFolds(labels, 5, 1);
  expect(folds.flat().sort((a, b) => a - b)).toEqual([...labels.keys()]);
  for (const fold of folds) {
    expect([7, 8]).toContain(fold.length);
    expect(fold.filter((at) => labels[at] === 7)).toHaveLength(4);
    expect([2, 3]).toContain(fold.filter((at) => labels[at] === 3).length);
  }
  expect(stratifiedFolds([1, 1, 2], 5, 1)).toHaveLength(1);
});

test("McNemar's exact p: coin throws", () => {
  expect(mcnemar(0, 0)).toBe(1);
  expect(mcnemar(3, 3)).toBe(1);
  expect(mcnemar(0, 5)).toBeCloseTo(2 / 32, 12);
  expect(mcnemar(1, 9)).toBeCloseTo((2 * 11) / 1024, 12);
  expect(mcnemar(9, 1)).toBe(mcnemar(1, 9));
  expect(mcnemar(600, 800)).toBeGreaterThan(0);
  expect(mcnemar(600, 800)).toBeLessThan(1e-6);
});

test("picking takes vectors, labels and cosines along", () => {
  const shots = pictures(3, 0.6, 7);
  const { vectors, labels, cosines } = pick(shots, [4, 1]);
  expect(labels).toEqual([0, 1]);
  expect(vectors.slice(0, WIDTH)).toEqual(shots.vectors.slice(4 * WIDTH, 5 * WIDTH));
  expect(cosines.slice(3)).toEqual(shots.cosines.slice(3, 6));
});
