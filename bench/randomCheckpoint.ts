// A checkpoint of full size with random weights in fp16, in OpenCLIP's layout: what the compiler takes for a model of that
// shape, without the download. The numbers repeat every million, at another place in every tensor.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { readOpenClipConfig } from "../src/build/checkpoint/openClipConfig.ts";
import { expectedTensors } from "../src/build/expectedTensors.ts";

const POOL = 1_000_003;

/** Numerical Recipes' generator, its sums of twelve near enough to normal. */
export function normals(count: number): Float32Array {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = -6;
    for (let n = 0; n < 12; n++) sum += uniform();
    out[i] = sum;
  }
  return out;
}

/** Bytes, bytes at a word's end, and the special tokens where CLIP has them; what is between is never reached. */
function tokenizerOf(vocab: number): object {
  const printable = Array.from({ length: 256 }, (_, byte) => byte).filter(
    (byte) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174,
  );
  const letters = [...printable, ...Array.from({ length: 256 - printable.length }, (_, n) => 256 + n)].map((code) =>
    String.fromCharCode(code),
  );
  const tokens = [...letters, ...letters.map((letter) => `${letter}</w>`)];
  while (tokens.length < vocab - 2) tokens.push(`<unused${tokens.length}>`);
  tokens.push("<|startoftext|>", "<|endoftext|>");
  const ids = Object.fromEntries(tokens.map((token, index) => [token, index]));
  return { model: { type: "BPE", vocab: ids, merges: [], end_of_word_suffix: "</w>", unk_token: "<|endoftext|>" } };
}

/** @returns how many parameters it has */
export async function writeRandomCheckpoint(dir: string, config: object): Promise<number> {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, "open_clip_config.json");
  writeFileSync(path, JSON.stringify({ model_cfg: config }));
  const read = await readOpenClipConfig(path);
  writeFileSync(join(dir, "tokenizer.json"), JSON.stringify(tokenizerOf(read.model.text.vocab)));
  const shapes = new Map(expectedTensors(read)).set("logit_scale", []);
  const countOf = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);
  const header: Record<string, unknown> = {};
  let at = 0;
  for (const [name, shape] of shapes) {
    const bytes = countOf(shape) * 2;
    header[name] = { dtype: "F16", shape, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = openSync(join(dir, "open_clip_model.safetensors"), "w");
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  };
  write(length);
  write(json);
  const noise = normals(POOL);
  for (const [index, [name, shape]] of [...shapes].entries()) {
    const scale =
      shape.length > 1 && !name.includes("embedding") ? shape.slice(1).reduce((a, b) => a * b, 1) ** -0.5 : 0.05;
    const centre = shape.length === 1 && name.endsWith("weight") ? 1 : 0;
    const count = countOf(shape);
    const pool = Float16Array.from(noise.subarray(0, count), (value) => centre + scale * value);
    for (let left = count, from = count > POOL ? (index * 7919) % POOL : 0; left > 0; from = 0) {
      const part = pool.subarray(from, Math.min(pool.length, from + left));
      write(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
      left -= part.length;
    }
  }
  closeSync(file);
  return at / 2;
}
