// What is said of options that are not as their schema says.
import * as v from "valibot";
import { expect, test } from "vitest";
import { Problem } from "../../../src/core/problem.ts";
import { parseOptions } from "../../../src/functions/input/parseOptions.ts";

const inner = { name: v.string("must be text") };
const SCHEMAS = {
  strict: v.strictObject({ ...inner, within: v.optional(v.strictObject(inner, "must be an object")) }),
  loose: v.looseObject(inner),
};

function errorsOf(schema: v.GenericSchema, options: Record<string, unknown>, form: "json" | "parameters" = "json") {
  try {
    parseOptions(schema, { options, form });
  } catch (error) {
    if (error instanceof Problem) return error.errors;
    throw error;
  }
  return [];
}

test.each(["strict", "loose"] as const)("a key that is missing is called that (%s)", (kind) => {
  expect(errorsOf(SCHEMAS[kind], {})).toEqual([{ pointer: "/name", message: "is missing" }]);
  expect(errorsOf(SCHEMAS[kind], {}, "parameters")).toEqual([{ parameter: "name", message: "is missing" }]);
});

test("one that nobody knows, at any depth", () => {
  expect(errorsOf(SCHEMAS.strict, { name: "a", "a/b": 1 })).toEqual([
    { pointer: "/a~1b", message: "is not known here" },
  ]);
  const within = { name: "a", within: { name: "b", other: 1 } };
  expect(errorsOf(SCHEMAS.strict, within)).toEqual([{ pointer: "/within/other", message: "is not known here" }]);
});

test("a value keeps what its own schema says", () => {
  expect(errorsOf(SCHEMAS.strict, { name: 1, within: 2 })).toEqual([
    { pointer: "/name", message: "must be text" },
    { pointer: "/within", message: "must be an object" },
  ]);
});

test("of many errors as many as a person would read are told, and names are cut", () => {
  const many = v.object({ all: v.array(v.string("must be text")) });
  const all = { all: new Array(1_000).fill(1) };
  expect(errorsOf(many, all)).toHaveLength(20);
  expect(() => parseOptions(many, { options: all, form: "json" })).toThrow(/; and 980 more\.$/);
  const [error] = errorsOf(SCHEMAS.strict, { name: "a", ["x".repeat(1e6)]: 1 });
  expect(error?.pointer).toBe(`/${"x".repeat(80)}…`);
});
