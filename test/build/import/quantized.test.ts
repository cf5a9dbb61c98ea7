// Exports in 4 bits and with planted outliers: measured against the export's own vectors, and brought back into the budget.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { plantOutliers } from "../../../bench/plantOutliers.ts";
import { type RandomExport, writeRandomExport } from "../../../bench/randomExport.ts";
import { withinBudget } from "../../../src/build/drift.ts";
import { importModel } from "../../../src/build/import/importModel.ts";
import type { ImportOptions } from "../../../src/build/import/importOptions.ts";
import { readPack } from "../../../src/build/readPack.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-quantized-"));
afterAll(() => rmSync(dir, { recursive: true }));

const CONFIG = {
  embed_dim: 32,
  vision_cfg: { image_size: 32, layers: 2, width: 128, patch_size: 8, head_width: 32 },
  text_cfg: { context_length: 8, vocab_size: 520, width: 64, heads: 2, layers: 1 },
};

async function exported(name: string, options: Partial<RandomExport> = {}): Promise<string> {
  const folder = join(dir, `${name}-export`);
  mkdirSync(folder);
  await writeRandomExport(folder, { config: CONFIG, ...options });
  return folder;
}

const importing = (sourceDir: string, id: string, options: Partial<ImportOptions> = {}) =>
  importModel({
    ...{ sourceDir, id, outDir: join(dir, id), fp32Dir: join(dir, `${id}-fp32`), quantization: "int4" },
    calibrationDir: "test/fixtures/pictures",
    logit: { scale: 100, bias: undefined },
    source: { repo: "local", revision: "unknown", licence: "unknown" },
    ...{ allowDrift: true, texts: ["a photo of a cat.", "two dogs"], log: () => {} },
    ...options,
  });

const weightsOf = (pack: string, tower: string): number =>
  readdirSync(join(dir, pack))
    .filter((name) => name.startsWith(`${tower}.`) && name.endsWith(".bin"))
    .reduce((sum, name) => sum + statSync(join(dir, pack, name)).size, 0);

test("int4 takes 0.7 of int8's bytes, says what it needed for the budget, and is read again", async () => {
  const from = await exported("plain");
  const told: string[] = [];
  const four = await importing(from, "four", { log: (line) => told.push(line) });
  const eight = await importing(from, "eight", { quantization: "int8" });
  expect(four.manifest.quantization).toBe("int4");
  expect(weightsOf("four", "vision")).toBeLessThan(0.7 * weightsOf("eight", "vision"));
  expect(weightsOf("four", "text")).toBeLessThan(0.9 * weightsOf("eight", "text"));
  expect(told.join("\n")).toMatch(/export's own: image \d.*e-\d.*drift of \d+ image vectors/s);
  expect(four.drift?.image.cosine_mean).toBeLessThan(eight.drift?.image.cosine_mean ?? 0);
  // Random weights lose more in 4 bits than the budget allows.
  expect(told.join("\n")).toMatch(/past the drift budget: moving outliers/);
  expect(withinBudget(four.drift?.image ?? { count: 0, cosine_mean: 0, cosine_worst: 0 })).toBe(true);
  expect(four.manifest.adjusted?.finer[0]).toMatch(/^(?:vision|text)\/source\//);
  expect(eight.manifest.adjusted).toBeUndefined();
  expect(await readPack(join(dir, "four"))).toEqual(four.manifest);
}, 240_000);

test.each(["layer norms", "out_proj", "c_proj"] as const)(
  "int8: planted in front of %s, outliers are moved",
  async (site) => {
    const id = site.replace(" ", "-");
    const gain = site === "c_proj" ? 200 : 100;
    const from = await exported(id, { change: (tensors) => plantOutliers(tensors, gain, site) });
    const { manifest, drift } = await importing(from, id, { quantization: "int8", allowDrift: false });
    expect(manifest.adjusted?.migrated).toContain("vision");
    expect(drift?.image.cosine_worst).toBeGreaterThan(0.97);
  },
);
