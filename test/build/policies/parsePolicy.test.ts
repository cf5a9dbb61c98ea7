// What people get wrong in a policy file, and how they are told.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parsePolicy } from "../../../src/build/policies/parsePolicy.ts";

const DEFAULT = readFileSync("models/policies/default.yaml", "utf8");

const policy = (category = "", rest = "") => `
title: Test
background: everyday
templates: ["a {}."]
categories:
  - name: fire
    severity: low
    review: 0.3
    block: 0.8
    concepts: [fire]
${category}
${rest}`;

test("the shipped policy declares what no site may forget", () => {
  const { categories, tenants } = parsePolicy("default.yaml", DEFAULT);
  const names = categories.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["nudity", "gore", "hate symbols", "self-harm", "weapons"]));
  for (const { negatives } of categories) expect(negatives?.length ?? 0).toBeGreaterThan(0);
  expect(Object.keys(tenants)).toEqual(["children"]);
});

test("a tenant's override keeps the policy's other threshold", () => {
  const { tenants } = parsePolicy("p.yaml", policy("", "tenants: {shop: {fire: {block: 0.5}}}"));
  expect(tenants).toEqual({ shop: { fire: { review: 0.3, block: 0.5 } } });
});

test.each<[string, string, RegExp]>([
  ["no background", policy().replace("background: everyday\n", ""), /^p\.yaml: background: is missing$/],
  ["a key that nobody knows", policy("", "colour: red"), /^p\.yaml: colour: is not known here$/],
  [
    "a name twice",
    policy("  - {name: fire, severity: low, review: 0, block: 1, concepts: [x]}"),
    /categories\.1: fire repeats categories\.0/,
  ],
  [
    "review above block",
    policy("  - {name: a, severity: low, review: 0.9, block: 0.1, concepts: [x]}"),
    /review must not be above block/,
  ],
  [
    "an unknown severity",
    policy("  - {name: a, severity: awful, review: 0, block: 1, concepts: [x]}"),
    /categories\.1\.severity.*low, medium, high/,
  ],
  [
    "a threshold past 1",
    policy("  - {name: a, severity: low, review: 0, block: 2, concepts: [x]}"),
    /categories\.1\.block/,
  ],
  ["no concept", policy("  - {name: a, severity: low, review: 0, block: 1, concepts: []}"), /categories\.1\.concepts/],
  [
    "an unknown key",
    policy("  - {name: a, severity: low, review: 0, block: 1, concepts: [x], action: ban}"),
    /categories\.1\.action/,
  ],
  [
    "a tenant's unknown category",
    policy("", "tenants: {shop: {water: {block: 0.5}}}"),
    /tenants\.shop\.water: there is no such category/,
  ],
  [
    "a tenant's review above the policy's block",
    policy("", "tenants: {shop: {fire: {review: 0.9}}}"),
    /tenants\.shop\.fire: review \(0\.9\) would be above block \(0\.8\)/,
  ],
  ["no YAML", "a: [", /p\.yaml/],
])("%s", (_name, yaml, message) => {
  expect(() => parsePolicy("p.yaml", yaml)).toThrow(message);
});
