// How errors repeat names.
import { expect, test } from "vitest";
import { Problem } from "../../src/core/problem.ts";
import { quoted } from "../../src/core/quoted.ts";
import type { Deployment } from "../../src/functions/deployment/deployment.ts";
import { bankOf } from "../../src/functions/tasks/classifier.ts";

test("a name is repeated in quotes, a long one cut", () => {
  expect(quoted('a "b"')).toBe('"a \\"b\\""');
  expect(quoted("a".repeat(80))).toBe(`"${"a".repeat(80)}"`);
  expect(quoted("a".repeat(81))).toBe(`"${"a".repeat(80)}…"`);
});

test("an unknown bank of 10 KB is told in a sentence", () => {
  const banks = new Map();
  try {
    bankOf("b".repeat(10_000), { banks } as unknown as Deployment);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(Problem);
    expect(JSON.stringify((error as Problem).toDocument()).length).toBeLessThan(600);
    expect((error as Problem).message).toContain("…");
  }
});
