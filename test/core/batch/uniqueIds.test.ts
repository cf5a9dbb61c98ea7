// Ids of a batch: a repeated one is found, and distinct ones are told apart.
import { expect, test } from "vitest";
import { UniqueIds } from "../../../src/core/batch/uniqueIds.ts";

test("200,000 distinct ids are new, and none of them is so again", () => {
  const ids = new UniqueIds();
  const names = Array.from({ length: 200_000 }, (_, i) => `picture-${i}.jpg`);
  expect(names.filter((name) => !ids.add(name))).toEqual([]);
  expect(names.filter((name) => ids.add(name))).toEqual([]);
});

test("ids that differ in one character, in order or in length are distinct", () => {
  const ids = new UniqueIds();
  expect(["", "a", "b", "ab", "ba", "aa", "a ", " a", "ä", "😀"].every((id) => ids.add(id))).toBe(true);
  expect(ids.add("ba")).toBe(false);
});
