// What a model refuses of its one input, by the field.
import { expect, test } from "vitest";
import { checkInput } from "../../../src/core/oip/checkInput.ts";
import type { Tensor } from "../../../src/core/oip/tensor.ts";
import type { Manifest } from "../../../src/core/pack/manifest.ts";
import type { Problem } from "../../../src/core/problem.ts";

const BOUNDS = { pictures: 4, tokens: 40 };
const manifest = (padded?: boolean) =>
  ({ image: { size: 2 }, text: { context: 10, vocab: 100, ...(padded ? { padded } : {}) } }) as Manifest;
const texts = (n: number, t: number, id = 1): Tensor => ({
  name: "input_ids",
  datatype: "INT32",
  shape: [n, t],
  data: new Int32Array(n * t).fill(id),
});

const pointerOf = (input: Tensor, padded?: boolean): string | undefined => {
  try {
    checkInput([input], "text", manifest(padded), BOUNDS);
    return undefined;
  } catch (problem) {
    return (problem as Problem).errors[0]?.pointer;
  }
};

test("texts within the bounds are taken", () => {
  expect(pointerOf(texts(4, 10))).toBeUndefined();
  expect(pointerOf(texts(8, 5))).toBeUndefined();
});

test.each<[string, Tensor, string]>([
  ["more than the context", texts(1, 11), "/inputs/0/shape"],
  ["more tokens than the server takes", texts(5, 10), "/inputs/0/shape/0"],
  ["an id past the vocabulary", texts(1, 3, 100), "/inputs/0/data"],
  ["a negative id", texts(1, 3, -1), "/inputs/0/data"],
])("%s is refused", (_what, input, pointer) => expect(pointerOf(input)).toBe(pointer));

test("a model whose vectors pads reach takes texts that fill its context, and no shorter ones", () => {
  expect(pointerOf(texts(2, 10), true)).toBeUndefined();
  expect(pointerOf(texts(2, 9), true)).toBe("/inputs/0/shape/1");
});
