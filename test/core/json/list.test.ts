// Lists of a request: bounded before their items are looked at.
import * as v from "valibot";
import { expect, test } from "vitest";
import { list } from "../../../src/core/json/list.ts";

const schema = list(v.string("must be text"), "must be a list", 3, "3 at most");
const messages = (value: unknown) => v.safeParse(schema, value).issues?.map(({ message }) => message);

test("what fits comes out, what is no list or has a wrong item is told", () => {
  expect(v.parse(schema, ["a", "b", "c"])).toEqual(["a", "b", "c"]);
  expect(messages("a")).toEqual(["must be a list"]);
  expect(messages(["a", 1, 2])).toEqual(["must be text", "must be text"]);
});

test("of a list that is too long no item is looked at", () => {
  expect(messages(["a", 1, 2, 3])).toEqual(["3 at most"]);
  expect(messages(new Array(1e6).fill(1))).toEqual(["3 at most"]);
});

test("within a pipe it is as it is alone", () => {
  const piped = v.pipe(schema, v.minLength(1, "1 at least"));
  expect(v.safeParse(piped, []).issues?.map(({ message }) => message)).toEqual(["1 at least"]);
  expect(v.safeParse(piped, [1, 1, 1, 1]).issues?.map(({ message }) => message)).toEqual(["3 at most"]);
});
