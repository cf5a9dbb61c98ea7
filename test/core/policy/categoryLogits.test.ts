// Log odds of categories, worked by hand in two dimensions.
import { expect, test } from "vitest";
import type { Bank } from "../../../src/core/labels/bank.ts";
import { categoryLogits, competitionOfCategories } from "../../../src/core/policy/categoryLogits.ts";
import type { Policy } from "../../../src/core/policy/policy.ts";

const SCALE = 10;
const SOFTMAX = { scores: undefined, logit_scale: SCALE, logit_bias: -3 };
const SIGMOID = { ...SOFTMAX, scores: "sigmoid" as const };
type Part = Pick<Policy, "bank" | "categories">;

function policyOf(concepts: Record<string, [number, number][]>, labels: Partial<Bank["labels"][number]>[] = []): Part {
  let from = 0;
  const vectors = Object.values(concepts).flat();
  const categories = Object.entries(concepts).map(([name, { length: count }]) => {
    const placed = { name, from, count };
    from += count;
    return placed;
  });
  const bank = {
    vectors: Float32Array.from(vectors.flat()),
    negatives: new Map(),
    labels: vectors.map((_, at) => ({ name: `concept ${at}`, parents: [], ...labels[at] })),
  };
  return { bank, categories } as unknown as Part;
}
const background = (vectors: [number, number][], names: string[]) =>
  ({
    vectors: Float32Array.from(vectors.flat()),
    labels: names.map((name) => ({ name, parents: [] })),
  }) as unknown as Bank;

test("a category with one concept has the log odds of that concept against the background", () => {
  const policy = policyOf({ fire: [[1, 0]] });
  const other = background([[0, 1]], ["cat"]);
  const [logit] = categoryLogits(
    Float32Array.of(0.8, 0.6),
    policy,
    other,
    competitionOfCategories(policy, other),
    SOFTMAX,
  );
  expect(logit).toBeCloseTo(SCALE * 0.8 - SCALE * 0.6, 4);
});

test("more concepts add up: two alike are worth log 2 more than one", () => {
  const [one, two] = [
    policyOf({ fire: [[1, 0]] }),
    policyOf({
      fire: [
        [1, 0],
        [1, 0],
      ],
    }),
  ];
  const other = background([[0, 1]], ["cat"]);
  const of = (policy: Part) =>
    categoryLogits(Float32Array.of(0.6, 0.8), policy, other, competitionOfCategories(policy, other), SOFTMAX)[0] ?? 0;
  expect(of(two) - of(one)).toBeCloseTo(Math.log(2), 4);
});

test("kin of one concept do not speak against its category at all", () => {
  const kin = policyOf(
    {
      fire: [
        [1, 0],
        [0.6, 0.8],
      ],
    },
    [{}, { parents: ["bonfire"] }],
  );
  const other = background(
    [
      [0, 1],
      [1, 0],
    ],
    ["cat", "bonfire"],
  );
  const competition = competitionOfCategories(kin, other);
  expect(competition[0]).toBe(competition[1]);
  const view = Float32Array.of(1, 0);
  const [logit = 0] = categoryLogits(view, kin, other, competition, SOFTMAX);
  // log(e^10 + e^6) - 0, the background's bonfire left out
  expect(logit).toBeCloseTo(Math.log(Math.exp(10) + Math.exp(6)), 3);
});

test("where concepts are scored by themselves, a category has the log odds of its surest one, whatever else there is", () => {
  const policy = policyOf({
    fire: [
      [1, 0],
      [1, 0],
      [0, 1],
    ],
    water: [[-1, 0]],
  });
  const view = Float32Array.of(0.6, 0.8);
  const of = (other: Bank) => [...categoryLogits(view, policy, other, competitionOfCategories(policy, other), SIGMOID)];
  const [fire = 0, water = 0] = of(background([[0.6, 0.8]], ["cat"]));
  expect(fire).toBeCloseTo(SCALE * 0.8 - 3, 5);
  expect(water).toBeCloseTo(-SCALE * 0.6 - 3, 5);
  expect(of(background([[0, 1]], ["dog"]))).toEqual([fire, water]);
});
