// Reading a bank: what comes out, and everything that is refused.
import { expect, test } from "vitest";
import { readBank } from "../../../src/core/labels/bank.ts";
import { bankHash } from "../../../src/core/labels/bankHash.ts";
import { Problem } from "../../../src/core/problem.ts";

const space = `sha256:${"a".repeat(64)}`;
const file = {
  schema: 1,
  id: "pets",
  title: "Pets",
  description: "",
  hash: `sha256:${"b".repeat(64)}`,
  space,
  templates: ["a {}."],
  embed_dim: 2,
  count: 2,
  labels: [
    { name: "cat", parents: ["animal"] },
    { name: "dog", parents: [], prompts: ["a good dog"], threshold: 0.5 },
  ],
  calibrated: false,
};
const vectors = Float32Array.of(1, 0, 0.6, 0.8);

const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  return "accepted";
};

test("a bank is read", () => {
  const bank = readBank(file, vectors.buffer, space);
  expect(bank).toMatchObject({ id: "pets", space, calibrated: false, labels: file.labels, templates: ["a {}."] });
  expect(bank.vectors).toEqual(vectors);
});

test("a bank of another space is refused", () => {
  expect(code(() => readBank(file, vectors.buffer, `sha256:${"c".repeat(64)}`))).toBe("space_mismatch");
});

test.each([
  ["a missing row", file, Float32Array.of(1, 0)],
  ["a stray byte", file, new Uint8Array(17)],
  ["a row that is no unit vector", file, Float32Array.of(1, 0, 1, 1)],
  ["a row of zeros", file, Float32Array.of(1, 0, 0, 0)],
  ["a row that is not finite", file, Float32Array.of(1, 0, Number.NaN, 1)],
  ["fewer labels than counted", { ...file, labels: file.labels.slice(1) }, vectors],
  ["another schema", { ...file, schema: 2 }, vectors],
  ["no document", null, vectors],
  ["an empty name", { ...file, labels: [{ name: "", parents: [] }, file.labels[1]] }, vectors],
  ["a path for an id", { ...file, id: "../pets" }, vectors],
])("%s is refused", (_, json, bytes) => {
  expect(code(() => readBank(json, bytes.buffer, space))).toBe("pack_corrupt");
});

test("the hash follows labels and vectors", async () => {
  const bytes = new Uint8Array(vectors.buffer);
  const { id, title, description, templates, labels } = file;
  const source = { id, title, description, space, templates, labels };
  const hash = await bankHash(source, bytes);
  expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await bankHash({ ...source }, bytes.slice())).toBe(hash);
  expect(await bankHash({ ...source, title: "Dogs" }, bytes)).not.toBe(hash);
  expect(await bankHash(source, new Uint8Array(Float32Array.of(0, 1, 0.6, 0.8).buffer))).not.toBe(hash);
});
