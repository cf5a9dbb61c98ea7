// The space of a model says what its numbers mean: the same for fp16 and fp32 files and for both layouts, another for
// another meaning.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Checkpoint, openCheckpoint } from "../../src/build/checkpoint/checkpoint.ts";
import { spaceOf } from "../../src/build/space.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-space-"));
afterAll(() => rmSync(dir, { recursive: true }));

const GOLDEN = "test/goldens/parity/hugging-face";

/** The Hugging Face folder in fp32 shards; OpenCLIP's in fp16, and in fp32. */
let huggingFace: Checkpoint;
let half: Checkpoint;
let whole: Checkpoint;

/** The same tensors, every one in F32. */
function writeWhole(from: Checkpoint, path: string): void {
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let at = 0;
  for (const name of from.tensors.names.filter((each) => from.tensors.isFloat(each)).reverse()) {
    const shape = from.tensors.shape(name);
    const part = Buffer.from(from.tensors.read(name, shape).buffer);
    // One number may be kept as a list of one.
    header[name] = { dtype: "F32", shape: shape.length === 0 ? [1] : shape, data_offsets: [at, at + part.length] };
    at += part.length;
    parts.push(part);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, ...parts]));
}

beforeAll(async () => {
  huggingFace = await openCheckpoint(GOLDEN);
  cpSync(join(GOLDEN, "open_clip"), dir, { recursive: true });
  cpSync(join(GOLDEN, "tokenizer.json"), join(dir, "tokenizer.json"));
  half = await openCheckpoint(dir);
  const other = join(dir, "whole");
  cpSync(join(GOLDEN, "open_clip"), other, { recursive: true });
  // As an older version of the library would have written it.
  const tokenizer = JSON.parse(readFileSync(join(GOLDEN, "tokenizer.json"), "utf8"));
  tokenizer.model.merges = tokenizer.model.merges.map((pair: string[]) => pair.join(" "));
  tokenizer.pre_tokenizer.pretokenizers[0].pattern.Regex =
    tokenizer.pre_tokenizer.pretokenizers[0].pattern.Regex.replace("<\\|startoftext\\|>|<\\|endoftext\\|>|", "");
  delete tokenizer.pre_tokenizer.pretokenizers[1].use_regex;
  writeFileSync(join(other, "tokenizer.json"), JSON.stringify({ ...tokenizer, truncation: { max_length: 77 } }));
  writeWhole(half, join(other, "open_clip_model.safetensors"));
  whole = await openCheckpoint(other);
});

const image: Parameters<typeof spaceOf>[1] = {
  size: 32,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  resize: "shortest",
  crop: "center",
  interpolation: "bicubic",
};

test("fp16 and fp32 files of one model, in any order, are one space", () => {
  expect(readFileSync(join(dir, "whole/open_clip_model.safetensors")).length).toBeGreaterThan(
    readFileSync(join(dir, "open_clip_model.safetensors")).length * 1.8,
  );
  expect(spaceOf(whole, image)).toBe(spaceOf(half, image));
  expect(spaceOf(half, image)).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test("a Hugging Face folder and an OpenCLIP one of the same weights are one space", () => {
  expect([...huggingFace.tensors.names].sort()).toEqual([...half.tensors.names].sort());
  expect(huggingFace.model).toEqual(half.model);
  expect(spaceOf(huggingFace, image)).toBe(spaceOf(half, image));
});

test("pads mean nothing behind a causal end of text, and something elsewhere", () => {
  const padded = { ...half, special: { ...half.special, pad: half.special.eos } };
  expect(spaceOf(padded, image)).toBe(spaceOf(half, image));
  const model = { ...half.model, text: { ...half.model.text, causal: false } };
  expect(spaceOf({ ...padded, model }, image)).not.toBe(spaceOf({ ...half, model }, image));
});

test("another activation, picture size or tokenizer is another space", () => {
  const { text } = half.model;
  const quick = { ...half.model, text: { ...text, blocks: { ...text.blocks, activation: "quick_gelu" as const } } };
  expect(spaceOf({ ...half, model: quick }, image)).not.toBe(spaceOf(half, image));
  expect(spaceOf(half, { ...image, size: 64 })).not.toBe(spaceOf(half, image));
  const other = { ...half, tokenizer: { ...half.tokenizer, json: { model: {} } } };
  expect(spaceOf(other, image)).not.toBe(spaceOf(half, image));
});
