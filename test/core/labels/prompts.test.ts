// Templates, own prompts and articles.
import { expect, test } from "vitest";
import { isTemplate, prompts } from "../../../src/core/labels/prompts.ts";

const plain = { articles: false };

test("templates are filled in, repeats dropped", () => {
  expect(prompts({ name: "cat" }, ["a photo of a {}.", "{}", "{}"], plain)).toEqual(["a photo of a cat.", "cat"]);
});

test("own prompts take the place of the templates", () => {
  expect(prompts({ name: "sea", prompts: ["the open sea", "waves, {}"] }, ["a {}."], plain)).toEqual([
    "the open sea",
    "waves, sea",
  ]);
});

test("a name is text, not a replacement pattern", () => {
  expect(prompts({ name: "$& $1" }, ["a {}."], plain)).toEqual(["a $& $1."]);
});

test.each([
  ["apple", "an apple"],
  ["cat", "a cat"],
  ["hourglass", "an hourglass"],
  ["unicycle", "a unicycle"],
  ["umbrella", "an umbrella"],
  ["ATM cash machine", "an ATM cash machine"],
])("the article of %s", (name, expected) => {
  expect(prompts({ name }, ["a {}"], { articles: true })).toEqual([expected]);
  expect(prompts({ name }, ["an {}"], plain)).toEqual([`an ${name}`]);
});

test("a template has one place", () => {
  expect(["a {}.", "{}"].every(isTemplate)).toBe(true);
  expect(["a photo", "{} {}", ""].some(isTemplate)).toBe(false);
});
