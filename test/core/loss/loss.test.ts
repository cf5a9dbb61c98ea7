// The losses: golden values and gradients of training/losses/goldens.py (float64), finite differences, and cases by hand.
import { describe, expect, test } from "vitest";
import { infoNce } from "../../../src/core/loss/infoNce.ts";
import { moco } from "../../../src/core/loss/moco.ts";
import { multiPositive } from "../../../src/core/loss/multiPositive.ts";
import { ntXent } from "../../../src/core/loss/ntXent.ts";
import { pairwiseSigmoid } from "../../../src/core/loss/pairwiseSigmoid.ts";
import { supCon } from "../../../src/core/loss/supCon.ts";
import { triplet } from "../../../src/core/loss/triplet.ts";
import infoNceGolden from "../../goldens/loss/info_nce.json";
import mocoGolden from "../../goldens/loss/moco.json";
import multiPositiveGolden from "../../goldens/loss/multi_positive.json";
import ntXentGolden from "../../goldens/loss/nt_xent.json";
import pairwiseSigmoidGolden from "../../goldens/loss/pairwise_sigmoid.json";
import supConGolden from "../../goldens/loss/sup_con.json";
import tripletGolden from "../../goldens/loss/triplet.json";

const TOLERANCE = 1e-5;
const WIDTH = 4;

type Golden = { inputs: Record<string, unknown>; loss: number; gradient: Record<string, number[][]> };
type Vectors = Record<string, Float64Array<ArrayBuffer>>;
type Losses = { loss: number; gradient: Vectors };

const flat = (rows: unknown) => Float64Array.from((rows as number[][]).flat());
const number = (value: unknown) => value as number;

/** name, golden, the loss as a function of the vectors that carry a gradient */
const cases: [string, Golden, (free: Vectors, fixed: Record<string, unknown>) => Losses][] = [
  ["info_nce", infoNceGolden, ({ image, text }, { scale }) => infoNce(image!, text!, WIDTH, number(scale))],
  [
    "nt_xent",
    ntXentGolden,
    ({ first, second }, { temperature }) => ntXent(first!, second!, WIDTH, number(temperature)),
  ],
  [
    "moco",
    mocoGolden,
    ({ query }, { key, queue, temperature }) => moco(query!, flat(key), flat(queue), WIDTH, number(temperature)),
  ],
  [
    "triplet",
    tripletGolden,
    ({ vectors }, { labels, margin }) => triplet(vectors!, labels as number[], WIDTH, number(margin)),
  ],
  [
    "pairwise_sigmoid",
    pairwiseSigmoidGolden,
    ({ image, text }, { target, scale, bias }) =>
      pairwiseSigmoid(image!, text!, flat(target), WIDTH, number(scale), number(bias)),
  ],
  [
    "multi_positive",
    multiPositiveGolden,
    ({ image, text }, { target, scale }) => multiPositive(image!, text!, flat(target), WIDTH, number(scale)),
  ],
  [
    "sup_con",
    supConGolden,
    ({ vectors }, { labels, temperature }) => supCon(vectors!, labels as number[], WIDTH, number(temperature)),
  ],
];

/** |got - expected| over the largest expected, so that values near zero are not held to their own size */
function expectNear(got: ArrayLike<number>, expected: ArrayLike<number>) {
  expect(got.length).toBe(expected.length);
  const size = Math.max(...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(got[i]! - expected[i]!)).toBeLessThanOrEqual(TOLERANCE * size);
}

describe.each(cases)("%s", (name, golden, run) => {
  const free = Object.fromEntries(Object.keys(golden.gradient).map((key) => [key, flat(golden.inputs[key])]));

  test("value and gradient are those of PyTorch", () => {
    const { loss, gradient } = run(free, golden.inputs);
    expect(Math.abs(loss - golden.loss)).toBeLessThanOrEqual(TOLERANCE * golden.loss);
    expect(Object.keys(gradient).sort()).toEqual(Object.keys(golden.gradient).sort());
    for (const [key, rows] of Object.entries(golden.gradient)) expectNear(gradient[key]!, rows.flat());
  });

  test("the gradient is the slope of the value", () => {
    const { gradient } = run(free, golden.inputs);
    const step = 1e-6;
    for (const [key, vectors] of Object.entries(free)) {
      const slopes = vectors.map((_, at) => {
        const moved = (by: number) => vectors.map((value, i) => (i === at ? value + by : value));
        const value = (by: number) => run({ ...free, [key]: moved(by) }, golden.inputs).loss;
        return (value(step) - value(-step)) / (2 * step);
      });
      expectNear(gradient[key]!, slopes);
    }
  });

  test("rows that are not whole are refused", () => {
    const cut = Object.fromEntries(Object.entries(free).map(([key, vectors]) => [key, vectors.slice(1)]));
    expect(() => run(cut, golden.inputs), name).toThrow(RangeError);
  });
});

const [right, up, left] = [
  [1, 0],
  [0, 1],
  [-1, 0],
];
const rows = (...vectors: (number[] | undefined)[]) => Float64Array.from(vectors.flatMap((vector) => vector ?? []));
/** -log of the share of a logit of 1 beside others of 0 */
const oneAmongZeros = (others: number) => Math.log(1 + others * Math.exp(-1));

describe("by hand", () => {
  test("info_nce: two pairs at right angles", () => {
    const { loss, gradient } = infoNce(rows(right, up), rows(right, up), 2, 1);
    expect(loss).toBeCloseTo(oneAmongZeros(1), 12);
    // p = 1 / (1 + e) is what the other text gets; both directions and both pairs are alike.
    const p = 1 / (1 + Math.E);
    for (const [i, value] of [-p, p, p, -p].entries()) expect(gradient.image[i]).toBeCloseTo(value / 2, 12);
  });

  test("nt_xent: equal views, the other picture at a right angle", () => {
    expect(ntXent(rows(right, up), rows(right, up), 2, 1).loss).toBeCloseTo(oneAmongZeros(2), 12);
  });

  test("moco: the key is the query, the queue lies at a right angle", () => {
    expect(moco(rows(right), rows(right), rows(up, up, up), 2, 1).loss).toBeCloseTo(oneAmongZeros(3), 12);
  });

  test("multi_positive: two equally right texts share the certainty", () => {
    const target = Float64Array.of(0.5, 0.5);
    expect(multiPositive(rows(right), rows(right, right), target, 2, 9).loss).toBeCloseTo(Math.LN2, 12);
  });

  test("pairwise_sigmoid: a logit of 0 for each of two pairs", () => {
    const { loss, gradient } = pairwiseSigmoid(rows(right), rows(up, up), Float64Array.of(1, 0), 2, 3, 0);
    expect(loss).toBeCloseTo(2 * Math.LN2, 12);
    expect([...gradient.text]).toEqual([-1.5, 0, 1.5, 0]);
  });

  test("sup_con: one pair of a label, one of another label at a right angle; a lone label is no anchor", () => {
    const { loss } = supCon(rows(right, right, up), [0, 0, 1], 2, 1);
    expect(loss).toBeCloseTo(oneAmongZeros(1), 12);
    expect(supCon(rows(right, up), [0, 1], 2, 1)).toEqual({ loss: 0, gradient: { vectors: new Float64Array(4) } });
  });

  test("triplet: a positive at 2, a negative at 4, a margin of 3", () => {
    const { loss, gradient } = triplet(rows(right, up, left), [0, 0, 1], 2, 3);
    // From `right`: 2 - 4 + 3 = 1. From `up`: 2 - 2 + 3 = 3, the negative being as far as the positive. Mean 2.
    expect(loss).toBeCloseTo(2, 12);
    // 2 (n - p) of the first pair and 2 (p - a) of the second, over two pairs, for `right`: (-1, -1) + (1, -1)
    for (const [i, value] of [0, -2].entries()) expect(gradient.vectors[i]).toBeCloseTo(value, 12);
    expect(triplet(rows(right, up), [0, 0], 2, 1).loss).toBe(0);
    expect(triplet(rows(right, up), [0, 1], 2, 1).loss).toBe(0);
  });
});
