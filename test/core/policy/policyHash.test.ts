// The hash of a policy changes with everything that decides, and with nothing else.
import { expect, test } from "vitest";
import type { PolicyFile } from "../../../src/core/policy/policy.ts";
import { policyHash } from "../../../src/core/policy/policyHash.ts";

type Source = Parameters<typeof policyHash>[0];
const category: PolicyFile["categories"][number] = {
  ...{
    name: "fire",
    description: "Flames",
    severity: "medium",
    review: 0.3,
    block: 0.9,
    parents: [],
    from: 0,
    count: 1,
  },
  measured: { slope: 1, intercept: 0 },
};
const source = {
  id: "default",
  calibrated: true,
  categories: [category],
  tenants: { b: { fire: { review: 0.1, block: 0.2 } }, a: {} },
  bank: { hash: "sha256:1", background: "everyday" },
} as unknown as Source;
const altered = (change: Partial<typeof category>) =>
  policyHash({ ...source, categories: [{ ...category, ...change }] });

test.each<[string, () => Promise<string>]>([
  ["a threshold", () => altered({ block: 0.8 })],
  ["a severity", () => altered({ severity: "low" })],
  ["a calibration", () => altered({ measured: { slope: 1.1, intercept: 0 } })],
  ["no calibration", () => altered({ measured: undefined })],
  ["the id", () => policyHash({ ...source, id: "other" })],
  ["the concepts", () => policyHash({ ...source, bank: { ...source.bank, hash: "sha256:2" } })],
  ["the background", () => policyHash({ ...source, bank: { ...source.bank, background: "animals" } })],
  ["a tenant", () => policyHash({ ...source, tenants: { a: {} } })],
])("%s changes it", async (_name, other) => {
  expect(await other()).not.toBe(await policyHash(source));
});

test("descriptions and the order of tenants do not", async () => {
  const { tenants } = source;
  expect(await altered({ description: "Open flames" })).toBe(await policyHash(source));
  expect(await policyHash({ ...source, tenants: { a: tenants.a ?? {}, b: tenants.b ?? {} } })).toBe(
    await policyHash(source),
  );
});
