// The registry as it is committed, and the table and the tiers made of it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findModel, readRegistry } from "../../../src/build/registry/readRegistry.ts";
import { TABLE, tierOf } from "../../../src/build/registry/tiers.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-registry-"));
afterAll(() => rmSync(dir, { recursive: true }));
const list = (...args: string[]) => execFileSync(process.execPath, ["src/build/models.ts", "list", ...args]).toString();
const registry = await readRegistry();

test("every published figure names a source with an address", () => {
  for (const { id, imagenet, coco, flickr30k } of registry.models) {
    expect(imagenet, id).toBeDefined();
    for (const figure of [imagenet, coco, flickr30k])
      if (figure) expect(registry.sources[figure.source]?.url).toMatch(/^https:/);
  }
});

test("holds no hash: those are locked when somebody has downloaded the files", () => {
  expect(readFileSync("models/registry.json", "utf8")).not.toMatch(/[0-9a-f]{40}/);
});

test("tiers follow size: measured on the edge in int8, past it, and far past it", () => {
  expect([9, 39.69, 61.41, 87.85, 1844.91].map((params) => tierOf(params))).toEqual([
    "int8",
    "int8",
    "int4",
    "gpu",
    "gpu",
  ]);
  // The embedding table stays in int8.
  expect([44.51, 63.43].map((params) => tierOf(params, TABLE))).toEqual(["int4", "gpu"]);
});

test("the table fits 100 columns and has every model", () => {
  const lines = list().trimEnd().split("\n");
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  for (const { id } of registry.models) expect(lines.some((line) => line.startsWith(`${id} `))).toBe(true);
});

test("--json tells the tier of each tower, SigLIP's texts at deploy time", () => {
  const { models } = JSON.parse(list("--json"));
  const tiers = Object.fromEntries(models.map(({ id, tiers }: { id: string; tiers: object }) => [id, tiers]));
  expect(tiers["tinyclip-40m-32"]).toEqual({ vision: "int8", text: "int4" });
  expect(tiers["siglip-b-16"]).toEqual({ vision: "gpu", text: "deploy" });
});

test("an unknown model is answered with those of a like name", () => {
  expect(() => findModel(registry, "siglip")).toThrow("siglip-b-16 or siglip-b-16-256 or siglip-l-16-256");
  expect(() => findModel(registry, "nothing")).toThrow("npm run models -- list");
});

test.each<[string, (json: { models: Record<string, unknown>[] }) => void, string]>([
  ["a field that is not known", ({ models }) => Object.assign(models[0] ?? {}, { sha: "1" }), "models.0.sha"],
  ["a layout that is not there", ({ models }) => Object.assign(models[0] ?? {}, { layout: "x" }), "no layout x"],
  ["a file out of the folder", ({ models }) => Object.assign(models[0] ?? {}, { repo: "../x" }), "models.0.repo"],
  ["an id twice", ({ models }) => models.push(models[0] ?? {}), "is there twice"],
])("%s is refused by name", async (_name, damage, message) => {
  const json = JSON.parse(readFileSync("models/registry.json", "utf8"));
  damage(json);
  const path = join(dir, "registry.json");
  writeFileSync(path, JSON.stringify(json));
  await expect(readRegistry(path)).rejects.toThrow(message);
});
