// Every configuration that open_clip_torch 3.3.0 ships is either compiled from exactly the tensors that its own classes
// make of it, or refused by the name of what is not understood. Goldens: training/goldens_stock_configs.py.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readOpenClipConfig } from "../../../src/build/checkpoint/openClipConfig.ts";
import { expectedTensors } from "../../../src/build/expectedTensors.ts";

interface Stock {
  name: string;
  config: object;
  refused?: string[];
  count?: number;
  sha256?: string;
}

const stock: Stock[] = JSON.parse(readFileSync("test/goldens/stockConfigs.json", "utf8"));
const dir = mkdtempSync(join(tmpdir(), "edgeclip-stock-"));
afterAll(() => rmSync(dir, { recursive: true }));

const read = (config: object) => {
  const path = join(dir, "open_clip_config.json");
  writeFileSync(path, JSON.stringify({ model_cfg: config }));
  return readOpenClipConfig(path);
};

const accepted = stock.filter(({ refused }) => !refused);
const refused = stock.filter(({ refused }) => refused);

test("the field's own table is among those that compile", () => {
  const names = accepted.map(({ name }) => name);
  for (const name of ["ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14", "ViT-g-14", "ViT-bigG-14"])
    expect(names).toContain(name);
  expect(names).toContain("coca_ViT-L-14");
});

test.each(accepted)("$name is compiled from the tensors that it has", async ({ config, count, sha256 }) => {
  const shapes = expectedTensors(await read(config));
  const lines = [...shapes.keys()].sort().map((name) => `${name} ${shapes.get(name)?.join()}\n`);
  expect(lines.length).toBe(count);
  expect(createHash("sha256").update(lines.join("")).digest("hex")).toBe(sha256);
});

test.each(refused)("$name is refused by name", async ({ config, refused = [] }) => {
  await expect(read(config)).rejects.toThrow(new RegExp(`model_cfg\\.(?:vision|text)_cfg\\.(?:${refused.join("|")})`));
});
