// API keys as a configuration writes them; what is not understood opens nothing.
import { expect, test } from "vitest";
import { parseApiKeys } from "../../../src/functions/api/apiKeys.ts";
import { scopeOf } from "../../../src/functions/api/scopes.ts";

const [A, B] = ["a".repeat(64), "B".repeat(64)];

test("a hash alone may ask everything and administer nothing", () => {
  const { keys, mistakes } = parseApiKeys(` ${A} ,\n${B},`);
  expect(mistakes).toEqual([]);
  expect(keys.map(({ hash }) => hash)).toEqual([`sha256:${A}`, `sha256:${"b".repeat(64)}`]);
  const has = ["batches", "admin", "backend", "batches:all"] as const;
  expect(has.map((scope) => keys[0]?.scopes.has(scope))).toEqual([true, false, false, false]);
});

test("scopes narrow a key to what they name", () => {
  const { keys } = parseApiKeys(`${A}=tag+admin`);
  expect([...(keys[0]?.scopes ?? [])]).toEqual(["tag", "admin"]);
});

test.each([
  ["no hash", "secret", /key 1 is no SHA-256/],
  ["a hash that is too short", A.slice(1), /key 1 is no SHA-256/],
  ["an unknown scope", `${B},${A}=tag+all`, /key 2 has unknown scopes: all; there are classify/],
  ["an empty scope", `${A}=`, /unknown scopes/],
  ["two equals signs", `${A}=tag=tag`, /key 1 is no SHA-256/],
])("%s is told and left out", (_name, text, message) => {
  const { keys, mistakes } = parseApiKeys(text);
  expect(keys.filter(({ hash }) => hash.includes(A))).toEqual([]);
  expect(mistakes).toEqual([expect.stringMatching(message)]);
});

test("nothing at all is no key", () => {
  expect(parseApiKeys("")).toEqual({ keys: [], mistakes: [] });
});

test.each([
  ["/v1/moderations", "moderate"],
  ["/v1/admin/deliveries/1/replay", "admin"],
  ["/v1/batches/1/results", "batches"],
  ["/v1/backend/chunks", "backend"],
  ["/v1/tagging", undefined],
  ["/v1/models", undefined],
  ["/", undefined],
])("%s needs %s", (path, scope) => {
  expect(scopeOf(path)).toBe(scope);
});
