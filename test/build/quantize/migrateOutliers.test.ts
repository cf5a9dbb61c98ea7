// Moving outliers changes no function: behind layer norms and among attention's values, fp32 computes what it did, and the channels
// in front of each layer are smaller.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { plantOutliers, type Site } from "../../../bench/plantOutliers.ts";
import { writeRandomCheckpoint } from "../../../bench/randomCheckpoint.ts";
import { openCheckpoint } from "../../../src/build/checkpoint/checkpoint.ts";
import { fp32 } from "../../../src/build/compile/fp32.ts";
import type { Input } from "../../../src/build/drift.ts";
import { openTower, type TowerName } from "../../../src/build/ort.ts";
import { migrateOutliers } from "../../../src/build/quantize/migrateOutliers.ts";
import { observeLayers } from "../../../src/build/quantize/observeLayers.ts";
import { smoothingOf } from "../../../src/build/quantize/smoothing.ts";
import { writeTower } from "../../../src/build/writeTowers.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-migrate-"));
afterAll(() => rmSync(dir, { recursive: true }));

const SIZE = 32;
const GAIN = 60;
await writeRandomCheckpoint(dir, {
  embed_dim: 32,
  vision_cfg: { image_size: SIZE, layers: 2, width: 64, patch_size: 8, head_width: 16 },
  text_cfg: { context_length: 8, vocab_size: 520, width: 64, heads: 2, layers: 2 },
});
const plain = await openCheckpoint(dir);
const INPUTS: Record<TowerName, Input> = {
  vision: {
    data: Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => 128 + 127 * Math.sin(i * 0.37)),
    dims: [1, SIZE, SIZE, 3],
  },
  text: { data: Int32Array.of(518, 3, 70, 12, 519, 0, 0, 0), dims: [1, 8] },
};

async function vectorOf(checkpoint: typeof plain, tower: TowerName): Promise<Float32Array> {
  await writeTower(dir, tower, checkpoint, fp32(), Number.POSITIVE_INFINITY);
  const open = await openTower(dir, tower);
  const vector = await open.run(INPUTS[tower].data, INPUTS[tower].dims);
  await open.release();
  return vector;
}

/** Of the largest channel to the middle one. */
const spread = (largest: Float32Array | undefined): number => {
  const sorted = [...(largest ?? [])].sort((a, b) => a - b);
  return (sorted.at(-1) ?? 0) / (sorted[sorted.length >> 1] ?? 1);
};

test.each<[Site, TowerName, string]>([
  ["layer norms", "vision", "visual.transformer.resblocks.1.attn.in_proj"],
  ["layer norms", "text", "transformer.resblocks.0.mlp.c_fc"],
  ["out_proj", "vision", "visual.transformer.resblocks.1.attn.out_proj"],
  ["out_proj", "text", "transformer.resblocks.0.attn.out_proj"],
])("outliers of %s in the %s tower: the same vector, and smaller channels", async (site, tower, layer) => {
  const planted = { ...plain, tensors: plantOutliers(plain.tensors, GAIN, site) };
  const observe = (checkpoint: typeof plain) =>
    observeLayers(
      tower,
      (precision) => writeTower(dir, tower, checkpoint, precision, Number.POSITIVE_INFINITY),
      [INPUTS[tower]],
      dir,
    );
  const layers = await observe(planted);
  const moved = { ...planted, tensors: migrateOutliers(planted.tensors, layers) };
  const [before, after] = [await vectorOf(planted, tower), await vectorOf(moved, tower)];
  expect(Math.max(...before.map((value, i) => Math.abs(value - (after[i] ?? 9))))).toBeLessThan(2e-6);
  const smaller = await observe(moved);
  expect(spread(layers.get(layer)?.largest)).toBeGreaterThan(20);
  expect(spread(smaller.get(layer)?.largest)).toBeLessThan(0.3 * spread(layers.get(layer)?.largest));
});

test("factors are sqrt(max |x| / max |w|) of a channel, and 1 where there is nothing to divide", () => {
  const factors = smoothingOf(Float32Array.of(8, 0, 5), Float32Array.of(1, 3, 0, -2, 1, 0));
  expect([...factors]).toEqual([2, 1, 1]);
});
