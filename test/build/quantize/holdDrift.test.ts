// A Vision Transformer with planted activation outliers: out of the budget as it is, within it once they are moved; vectors
// do not depend on their batch; a layer past a shard is cut and computes the same.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { plantOutliers } from "../../../bench/plantOutliers.ts";
import { writeRandomCheckpoint } from "../../../bench/randomCheckpoint.ts";
import { openCheckpoint } from "../../../src/build/checkpoint/checkpoint.ts";
import { fp32 } from "../../../src/build/compile/fp32.ts";
import { compareVectors, type Input, withinBudget } from "../../../src/build/drift.ts";
import { openTower } from "../../../src/build/ort.ts";
import { ofCheckpoint } from "../../../src/build/quantize/adjustable.ts";
import { FINER_SHARE, holdDrift } from "../../../src/build/quantize/holdDrift.ts";
import { int4 } from "../../../src/build/quantize/int4.ts";
import { int8 } from "../../../src/build/quantize/int8.ts";
import { smoothed } from "../../../src/build/quantize/smoothed.ts";
import { writeTower } from "../../../src/build/writeTowers.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-hold-"));
afterAll(() => rmSync(dir, { recursive: true }));

const SIZE = 32;
await writeRandomCheckpoint(dir, {
  embed_dim: 32,
  vision_cfg: { image_size: SIZE, layers: 3, width: 128, patch_size: 8, head_width: 32 },
  text_cfg: { context_length: 8, vocab_size: 520, width: 64, heads: 2, layers: 1 },
});
const plain = await openCheckpoint(dir);
const planted = { ...plain, tensors: plantOutliers(plain.tensors, 100) };
const NONE = { pictures: 0, ranges: {} };
const inputs: Input[] = Array.from({ length: 6 }, (_, n) => ({
  data: Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => 128 + 127 * Math.sin((n + 1) * i * 0.37)),
  dims: [1, SIZE, SIZE, 3],
}));

async function vectorsOf(checkpoint: typeof plain, precision = fp32(), limit = Number.POSITIVE_INFINITY) {
  await writeTower(dir, "vision", checkpoint, precision, limit);
  const tower = await openTower(dir, "vision");
  const alone: Float32Array[] = [];
  for (const { data, dims } of inputs) alone.push(await tower.run(data, dims));
  const batch = new Uint8Array(inputs.flatMap(({ data }) => [...data]));
  const together = await tower.run(batch, [inputs.length, SIZE, SIZE, 3]);
  await tower.release();
  const width = together.length / inputs.length;
  return { alone, together: alone.map((_, n) => together.slice(n * width, (n + 1) * width)) };
}

test("planted outliers change fp32 nothing; moved, they are back in the budget", async () => {
  const exact = await vectorsOf(plain);
  const same = await vectorsOf(planted);
  expect(compareVectors(exact.alone, same.alone).cosine_worst).toBeGreaterThan(0.9999);
  const lost = compareVectors(exact.alone, (await vectorsOf(planted, int8(NONE))).alone);
  expect(withinBudget(lost)).toBe(false);
  const lines: string[] = [];
  const held = await holdDrift(ofCheckpoint(planted, "vision"), {
    inputs,
    make: (float) => int8(NONE, { float }),
    share: FINER_SHARE.int8,
    workDir: dir,
    log: (line) => lines.push(line),
  });
  expect(held.migrated).toBe(true);
  expect(held.drift.cosine_mean).toBeGreaterThan(lost.cosine_mean);
  expect(withinBudget(held.drift)).toBe(true);
  expect(lines[0]).toMatch(/^vision: plain mean .* outliers moved/);
});

test("planted behind GELU, where nothing takes a factor in, they are divided in front of c_proj", async () => {
  const behind = { ...plain, tensors: plantOutliers(plain.tensors, 200, "c_proj") };
  const exact = await vectorsOf(behind);
  const lost = compareVectors(exact.alone, (await vectorsOf(behind, int8(NONE))).alone);
  expect(withinBudget(lost)).toBe(false);
  const make = (float: ReadonlySet<string>) => int8(NONE, { float });
  const options = { inputs, make, share: FINER_SHARE.int8, workDir: dir, log: () => {} };
  const held = await holdDrift(ofCheckpoint(behind, "vision"), options);
  expect([held.migrated, held.finer]).toEqual([true, []]);
  expect(withinBudget(held.drift)).toBe(true);
  expect([...held.source.divided.keys()]).toContain("visual.transformer.resblocks.1.mlp.c_proj");
  const same = await vectorsOf({ ...behind, tensors: held.source.tensors }, smoothed(fp32(), held.source.divided));
  expect(compareVectors(exact.alone, same.alone).cosine_worst).toBeGreaterThan(0.99999);
});

test.each([
  ["int8", () => int8(NONE)],
  ["int8, a layer in fp32", () => int8(NONE, { float: new Set(["visual.transformer.resblocks.0.mlp.c_fc"]) })],
  ["int4", () => int4()],
] as const)("%s: a vector is the same alone and in a batch", async (_, make) => {
  const { alone, together } = await vectorsOf(planted, make());
  expect(compareVectors(alone, together).cosine_worst).toBeGreaterThanOrEqual(0.99999);
});

test("layers larger than a shard are cut by columns and compute the same", async () => {
  const float = new Set(["visual.transformer.resblocks.1.mlp.c_fc"]);
  const whole = await vectorsOf(plain, int8(NONE, { float }));
  const cut = await vectorsOf(plain, int8(NONE, { float, shardBytes: 30_000 }), 30_000);
  expect(compareVectors(whole.alone, cut.alone).cosine_worst).toBeGreaterThan(0.999999);
});
