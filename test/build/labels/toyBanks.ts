// Banks of a toy pack: towers that tell which letters or pixels they were given, and what was written.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { buildBanks } from "../../../src/build/labels/buildBanks.ts";
import type { Manifest } from "../../../src/core/pack/manifest.ts";
import { normalize } from "../../../src/core/score/normalize.ts";

export const hash = (digit: string) => `sha256:${digit.repeat(64)}`;
export const letters = Array.from("abcdefghijklmnopqrstuvwxyz");
const vocab = [
  ...letters,
  ...letters.map((letter) => `${letter}</w>`),
  "!",
  "!</w>",
  "<|startoftext|>",
  "<|endoftext|>",
];

export const manifest: Manifest = {
  schema: 1,
  id: "toy",
  family: "open_clip",
  source: { repo: "none", revision: "none", licence: "none" },
  image: { size: 8, mean: [0, 0, 0], std: [1, 1, 1], resize: "shortest", crop: "center", interpolation: "bicubic" },
  text: {
    context: 12,
    vocab: 56,
    bos: 54,
    eos: 55,
    pad: 0,
    pooling: "eot",
    tokenizer: "tokenizer.json",
    clean: "open_clip",
  },
  embed_dim: 3,
  logit_scale: 10,
  logit_bias: 0,
  quantization: "fp32",
  space: hash("a"),
  pack: hash("b"),
  files: [],
};
const tokenizer = {
  version: "1.0",
  added_tokens: [],
  normalizer: { type: "Lowercase" },
  model: {
    type: "BPE",
    unk_token: "!",
    end_of_word_suffix: "</w>",
    vocab: Object.fromEntries(vocab.map((token, id) => [token, id])),
    merges: [],
  },
};

/** A vector out of the first and last letter and the length of each row of ids. */
export const runs: [number, number][] = [];
const tower = {
  run(ids: Int32Array, dims: [number, number]) {
    runs.push(dims);
    const [rows, width] = dims;
    const vectors = Array.from({ length: rows }, (_, row) => {
      const own = Array.from(ids.subarray(row * width, (row + 1) * width));
      return vectorOf(own.slice(0, own.indexOf(55) + 1));
    });
    return Float32Array.from(vectors.flat());
  },
};
export const vectorOf = (ids: number[]) => [ids[1]! + 1, ids.at(-2)! + 1, ids.length];

/** A vector out of the middle pixel. */
const vision = {
  run: (pixels: Uint8Array, [, size]: [number, number, number, number]) =>
    normalize(
      Array.from(pixels.subarray((size * size * 3) / 2 + 12, (size * size * 3) / 2 + 15), (value) => value + 1),
    ),
};

/** Of one test. */
export const toy = {
  dir: "",
  /** How often a tower was asked for. */
  texts: 0,
  visions: 0,
};
export const build = (log: (line: string) => void = () => {}) =>
  buildBanks({
    packDir: join(toy.dir, "pack"),
    labelsDir: join(toy.dir, "labels"),
    openText: async () => {
      toy.texts++;
      return tower;
    },
    openVision: async () => {
      toy.visions++;
      return vision;
    },
    log,
  });
export const write = (name: string, content: unknown) =>
  writeFile(join(toy.dir, name), typeof content === "string" ? content : JSON.stringify(content));
export const bankFile = async (id: string) =>
  JSON.parse(await readFile(join(toy.dir, "pack/banks", `${id}.json`), "utf8"));
export const vectors = async (id: string) => Uint8Array.from(await readFile(join(toy.dir, "pack/banks", `${id}.bin`)));

/** A folder with a pack and a label file, anew for each test. */
export function toyBanks(): void {
  beforeEach(async () => {
    toy.dir = await mkdtemp(join(tmpdir(), "banks-"));
    toy.texts = 0;
    toy.visions = 0;
    runs.length = 0;
    await mkdir(join(toy.dir, "pack"));
    await mkdir(join(toy.dir, "labels"));
    await write("pack/pack.json", manifest);
    await write("pack/tokenizer.json", tokenizer);
    await write(
      "labels/pets.yaml",
      'title: Pets\ntemplates: ["a {}", "{}"]\nlabels:\n  - cat\n  - {name: dog, parents: [animal], prompts: [hound]}\n',
    );
  });
  afterEach(() => rm(toy.dir, { recursive: true }));
}
