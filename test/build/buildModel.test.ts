// Whole packs of small checkpoints: what pack.json says of a Hugging Face folder, of OpenCLIP's twin, and of a CoCa.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type BuildOptions, buildModel } from "../../src/build/buildModel.ts";
import { openTower } from "../../src/build/ort.ts";
import type { Canary } from "../../src/core/pack/canary.ts";
import { createTokenizer } from "../../src/core/text/tokenizer.ts";

import { openGolden } from "./compile/openGolden.ts";

const GOLDENS = "test/goldens/parity";
const dir = mkdtempSync(join(tmpdir(), "edgeclip-build-"));
afterAll(() => rmSync(dir, { recursive: true }));

const build = (checkpointDir: string, id: string, options: Partial<BuildOptions> = {}) =>
  buildModel({
    checkpointDir,
    id,
    outDir: join(dir, id),
    quantization: "int8",
    fp32Dir: join(dir, `${id}-fp32`),
    calibrationDir: "test/fixtures/pictures",
    source: { repo: "local", revision: "unknown", licence: "unknown" },
    demo: false,
    allowDrift: true,
    tokens: false,
    texts: ["a photo of a cat."],
    log: () => {},
    ...options,
  });

test("a Hugging Face folder and its OpenCLIP twin become packs of one space", async () => {
  const from = join(GOLDENS, "hugging-face");
  const { manifest, drift } = await build(from, "hugging-face");
  expect(manifest.text).toEqual({
    ...{ context: 16, vocab: 520, bos: 518, eos: 519, pad: 0, pooling: "eot", tokenizer: "tokenizer.json" },
    clean: "hugging_face",
  });
  expect(manifest).toMatchObject({ embed_dim: 20, logit_bias: 0, image: { size: 32 }, quantization: "int8" });
  expect(manifest.logit_scale).toBeCloseTo(Math.exp(3.25), 4);
  expect(drift?.text.cosine_worst).toBeGreaterThan(0.97);

  const twin = join(dir, "twin");
  cpSync(join(from, "open_clip"), twin, { recursive: true });
  cpSync(join(from, "tokenizer.json"), join(twin, "tokenizer.json"));
  const { manifest: other } = await build(twin, "open-clip");
  expect(other.text.clean).toBe("open_clip");
  expect([other.space, other.logit_scale]).toEqual([manifest.space, manifest.logit_scale]);
});

/** Letters, letters at a word's end, and the special tokens last, as many as the golden model has. */
function lettersOnly(size: number) {
  const letters = [..."abcdefghijklmnopqrstuvwxyz."].flatMap((letter) => [letter, `${letter}</w>`]);
  const unused = Array.from({ length: size - 2 - letters.length }, (_, index) => `<unused${index}>`);
  const tokens = ["<pad>", ...letters, ...unused.slice(1), "<|startoftext|>", "<|endoftext|>"];
  const vocab = Object.fromEntries(tokens.map((token, index) => [token, index]));
  return { model: { type: "BPE", vocab, merges: [], end_of_word_suffix: "</w>", unk_token: "<|endoftext|>" } };
}

test("a CoCa's texts always fill the context, since pads reach its class token", async () => {
  const from = join(dir, "coca-checkpoint");
  mkdirSync(from);
  cpSync(join(GOLDENS, "coca"), from, { recursive: true });
  const tokenizer = lettersOnly(128);
  writeFileSync(join(from, "tokenizer.json"), JSON.stringify(tokenizer));
  const { manifest } = await build(from, "coca");
  expect(manifest.text).toMatchObject({ context: 12, pooling: "class_token", padded: true, pad: 0 });
  const { ids, length } = createTokenizer(tokenizer, manifest.text)("a cat");
  expect(length).toBe(12);
  const canary = JSON.parse(readFileSync(join(dir, "coca/canary.json"), "utf8"));
  expect(canary.input_ids).toHaveLength(12);

  const text = await openTower(join(dir, "coca-fp32"), "text");
  const whole = await text.run(ids, [1, length]);
  const cut = await text.run(ids.slice(0, 6), [1, 6]);
  await text.release();
  expect(whole.reduce((dot, value, i) => dot + value * (cut[i] ?? 0), 0)).toBeLessThan(0.9999);
});

test.each(["hugging-face", "modified-resnet", "coca"])(
  "%s in fp16: half the weights, nearly the same vectors",
  async (name) => {
    const from = join(dir, `${name}-fp16-checkpoint`);
    cpSync(join(GOLDENS, name), from, { recursive: true });
    const { vocab } = (await openGolden(from)).model.text;
    if (name !== "hugging-face") writeFileSync(join(from, "tokenizer.json"), JSON.stringify(lettersOnly(vocab)));
    const { manifest, drift } = await build(from, `${name}-fp16`, { quantization: "fp16", calibrationDir: undefined });
    expect(manifest.quantization).toBe("fp16");
    expect(drift?.image.count).toBe(1);
    expect(Math.min(drift?.image.cosine_worst ?? 0, drift?.text.cosine_worst ?? 0)).toBeGreaterThan(0.9999);
    const bytes = (pack: string) => statSync(join(dir, pack, "vision.0.bin")).size;
    expect(bytes(`${name}-fp16`)).toBeLessThan(0.6 * bytes(`${name}-fp16-fp32`));
  },
);

test.each(["int8", "fp16", "fp32"] as const)("%s stage by stage is what it is in one piece", async (quantization) => {
  const from = join(GOLDENS, "hugging-face");
  const whole = await build(from, `whole-${quantization}`, { quantization });
  const staged = await build(from, `staged-${quantization}`, {
    quantization,
    id: `whole-${quantization}`,
    wholeBytes: 0,
  });
  const files = ({ manifest }: typeof whole) => manifest.files.filter(({ name }) => name !== "canary.json");
  expect(files(staged)).toEqual(files(whole));
  const canary = (name: string): Canary =>
    JSON.parse(readFileSync(join(dir, `${name}-${quantization}`, "canary.json"), "utf8"));
  const [a, b] = [canary("whole"), canary("staged")];
  for (const key of ["image_vector", "text_vector"] as const)
    expect(a[key].reduce((dot, value, i) => dot + value * (b[key][i] ?? 0), 0)).toBeGreaterThan(0.99999);
  expect(staged.drift?.image.count).toBe(quantization === "fp32" ? undefined : 2);
});
