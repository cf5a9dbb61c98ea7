// Compiled towers against open_clip_torch 3.3.0 and transformers 5.24.0: golden vectors from training/goldens.py and
// training/goldens_hugging_face.py.
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fp32 } from "../../../src/build/compile/fp32.ts";
import { openTower, type TowerName } from "../../../src/build/ort.ts";
import { int8 } from "../../../src/build/quantize/int8.ts";
import { writeTower } from "../../../src/build/writeTowers.ts";
import { goldenInputs } from "./goldenInputs.ts";
import { openGolden } from "./openGolden.ts";

const GOLDENS = "test/goldens/parity";
const BASELINE = "../shared/models/nano-baseline";
const TOLERANCE = 1e-4;

const checkpoints: [string, string][] = [
  ...["vit-gelu", "vit-quickgelu", "modified-resnet", "vit-g", "vit-big-g", "vit-mean", "vit-scaled"],
  ...["coca", "coca-equal", "hugging-face", "hugging-face-old"],
].map((name) => [name, join(GOLDENS, name)]);
checkpoints.push(["nano", "training/nano"]);
if (existsSync(BASELINE)) checkpoints.push(["nano-baseline", BASELINE]);
else console.warn(`skipped: parity of the first nano, there is no ${BASELINE}`);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "edgeclip-parity-"));
});
afterAll(() => rm(dir, { recursive: true }));

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? Number.NaN))), 0);

describe.each(checkpoints)("%s", (name, from) => {
  test.each<TowerName>(["vision", "text"])("the fp32 %s tower gives the reference's unit vectors", async (tower) => {
    const checkpoint = await openGolden(from);
    const { vision, text } = checkpoint.model;
    const golden: { image: number[][]; text: number[][] } = JSON.parse(
      await readFile(join(GOLDENS, name, "vectors.json"), "utf8"),
    );
    await writeTower(dir, tower, checkpoint, fp32(), Number.POSITIVE_INFINITY);
    checkpoint.tensors.close();
    const session = await openTower(dir, tower);
    const { count, pixels, ids } = goldenInputs(vision.size, text.context, text.vocab, text.pad);
    const vectors =
      tower === "vision"
        ? await session.run(pixels, [count, vision.size, vision.size, 3])
        : await session.run(ids, [count, text.context]);
    await session.release();
    expect(largestDifference(vectors, (tower === "vision" ? golden.image : golden.text).flat())).toBeLessThan(
      TOLERANCE,
    );
  });
});

test("int8 towers cut into many shards stay near the reference, alone and in a batch", async () => {
  const checkpoint = await openGolden(join(GOLDENS, "vit-gelu"));
  const { size } = checkpoint.model.vision;
  const files = await writeTower(dir, "vision", checkpoint, int8({ pictures: 0, ranges: {} }), 20_000);
  checkpoint.tensors.close();
  expect(files.length).toBeGreaterThan(3);
  const session = await openTower(dir, "vision");
  const { count, pixels } = goldenInputs(size, 16, 512);
  const golden: { image: number[][] } = JSON.parse(await readFile(join(GOLDENS, "vit-gelu", "vectors.json"), "utf8"));
  const together = await session.run(pixels, [count, size, size, 3]);
  for (const [row, expected] of golden.image.entries()) {
    const alone = await session.run(pixels.slice(row * size * size * 3, (row + 1) * size * size * 3), [
      1,
      size,
      size,
      3,
    ]);
    const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
    expect(cosine(alone, expected)).toBeGreaterThan(0.995);
    expect(cosine(alone, together.slice(row * expected.length, (row + 1) * expected.length))).toBeGreaterThan(0.99999);
  }
  await session.release();
});

test("an embedding table past a shard is cut by columns and gives the same vectors", async () => {
  const checkpoint = await openGolden(join(GOLDENS, "vit-gelu"));
  const { context, vocab, blocks } = checkpoint.model.text;
  const { ids, count } = goldenInputs(checkpoint.model.vision.size, context, vocab);
  const none = { pictures: 0, ranges: {} };
  const vectors: Float32Array[] = [];
  for (const limit of [Number.POSITIVE_INFINITY, 10_000]) {
    expect(vocab * blocks.width).toBeGreaterThan(2 * 10_000);
    await writeTower(dir, "text", checkpoint, int8(none, { shardBytes: limit }), limit);
    const session = await openTower(dir, "text");
    vectors.push(await session.run(ids, [count, context]));
    await session.release();
  }
  checkpoint.tensors.close();
  expect(vectors[1]).toEqual(vectors[0]);
});
