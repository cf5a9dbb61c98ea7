// The space of a model says what its numbers mean: the same for fp16 and fp32 files, another for another meaning.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Checkpoint, openCheckpoint } from "../../src/build/checkpoint/openClip.ts";
import { spaceOf } from "../../src/build/space.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-space-"));
afterAll(() => rmSync(dir, { recursive: true }));

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
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + part.length] };
    at += part.length;
    parts.push(part);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, ...parts]));
}

beforeAll(async () => {
  cpSync("test/goldens/parity/vit-gelu", dir, { recursive: true });
  cpSync("models/nano/tokenizer.json", join(dir, "tokenizer.json"));
  half = await openCheckpoint(dir);
  const other = join(dir, "whole");
  cpSync("test/goldens/parity/vit-gelu", other, { recursive: true });
  cpSync("models/nano/tokenizer.json", join(other, "tokenizer.json"));
  writeWhole(half, join(other, "open_clip_model.safetensors"));
  whole = await openCheckpoint(other);
});

const meaning = { model: { quick_gelu: false }, image: { size: 32 } };

test("fp16 and fp32 files of one model, in any order, are one space", () => {
  expect(readFileSync(join(dir, "whole/open_clip_model.safetensors")).length).toBeGreaterThan(
    readFileSync(join(dir, "open_clip_model.safetensors")).length * 1.8,
  );
  expect(spaceOf(whole, meaning)).toBe(spaceOf(half, meaning));
  expect(spaceOf(half, meaning)).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test("the order of a configuration's fields means nothing, another activation does", () => {
  expect(spaceOf(half, { image: { size: 32 }, model: { quick_gelu: false } })).toBe(spaceOf(half, meaning));
  expect(spaceOf(half, { ...meaning, model: { quick_gelu: true } })).not.toBe(spaceOf(half, meaning));
});

test("another tokenizer is another space", () => {
  const other = { ...half, tokenizer: { ...half.tokenizer, json: { model: {} } } };
  expect(spaceOf(other, meaning)).not.toBe(spaceOf(half, meaning));
});
