// The embedded pack as it is committed: small, whole, and the model that it says it is.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withinBudget } from "../../src/build/drift.ts";
import { openTower } from "../../src/build/ort.ts";
import { packHash } from "../../src/build/packHash.ts";
import { sha256 } from "../../src/core/hash.ts";
import { CANARY_COSINE, type Canary, canaryPixels } from "../../src/core/pack/canary.ts";
import { readManifest } from "../../src/core/pack/readManifest.ts";
import { createTokenizer } from "../../src/core/text/tokenizer.ts";
import { goldenInputs } from "./compile/goldenInputs.ts";

const DIR = "models/nano";
const json = (name: string) => JSON.parse(readFileSync(join(DIR, name), "utf8"));
const manifest = readManifest(json("pack.json"));
const { size } = manifest.image;
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

test("under 12 MB in all, every file the one that the manifest names", async () => {
  let total = readFileSync(join(DIR, "pack.json")).length;
  for (const { name, bytes, sha256: expected } of manifest.files) {
    const file = new Uint8Array(readFileSync(join(DIR, name)));
    expect([name, file.byteLength, await sha256(file)]).toEqual([name, bytes, expected]);
    total += bytes;
  }
  expect(total).toBeLessThan(12e6);
});

test("the pack's hash covers everything but itself", async () => {
  expect(await packHash(manifest)).toBe(manifest.pack);
  expect(await packHash({ ...manifest, logit_scale: 1 })).not.toBe(manifest.pack);
});

test("the measured drift is within the budget", () => {
  const { image, text } = json("drift.json");
  expect(withinBudget(image) && withinBudget(text)).toBe(true);
});

test("both towers reproduce their canary", async () => {
  const canary: Canary = json("canary.json");
  const [vision, text] = [await openTower(DIR, "vision"), await openTower(DIR, "text")];
  const image = await vision.run(new Uint8Array(canaryPixels(size)), [1, size, size, 3]);
  const ids = createTokenizer(json("tokenizer.json"), manifest.text)(canary.text).ids;
  expect([...ids]).toEqual(canary.input_ids);
  const words = await text.run(ids, [1, ids.length]);
  await Promise.all([vision.release(), text.release()]);
  expect(cosine(image, canary.image_vector)).toBeGreaterThan(CANARY_COSINE);
  expect(cosine(words, canary.text_vector)).toBeGreaterThan(CANARY_COSINE);
});

describe("against open_clip_torch on the same checkpoint", () => {
  const golden: { image: number[][]; text: number[][] } = JSON.parse(
    readFileSync("test/goldens/pack/nano/vectors.json", "utf8"),
  );
  const { count, pixels, ids } = goldenInputs(size, manifest.text.context, manifest.text.vocab);

  test("int8 texts stay near, and are the same alone and in a batch", async () => {
    const text = await openTower(DIR, "text");
    const together = await text.run(ids, [count, manifest.text.context]);
    for (const [row, expected] of golden.text.entries()) {
      const own = together.slice(row * expected.length, (row + 1) * expected.length);
      const alone = await text.run(ids.slice(row * manifest.text.context, (row + 1) * manifest.text.context), [
        1,
        manifest.text.context,
      ]);
      expect(cosine(own, expected)).toBeGreaterThan(0.999);
      expect(cosine(own, alone)).toBeGreaterThan(0.99999);
    }
    await text.release();
  });

  test("int8 pictures of noise, further out than any photo, stay near", async () => {
    const vision = await openTower(DIR, "vision");
    const vectors = await vision.run(pixels, [count, size, size, 3]);
    await vision.release();
    for (const [row, expected] of golden.image.entries()) {
      expect(cosine(vectors.slice(row * expected.length, (row + 1) * expected.length), expected)).toBeGreaterThan(0.97);
    }
  });
});
