// Ids against the reference tokenizers: nano's trainer, and open_clip's SimpleTokenizer on CLIP's own vocabulary.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Manifest } from "../../../src/core/pack/manifest.ts";
import { batch } from "../../../src/core/text/batch.ts";
import { createTokenizer, MAX_TEXT_LENGTH, type Tokenize } from "../../../src/core/text/tokenizer.ts";

interface Golden {
  text: string;
  ids: number[];
  truncated: boolean;
}

const root = join(import.meta.dirname, "../../..");
const goldens = (name: string): Golden[] =>
  JSON.parse(readFileSync(join(root, "test/goldens/text", `${name}.json`), "utf8"));
const describeText = (text: string) => JSON.stringify(text.slice(0, 60));

const NANO: Manifest["text"] = {
  context: 24,
  vocab: 4096,
  bos: 4094,
  eos: 4095,
  pad: 0,
  pooling: "eot",
  tokenizer: "tokenizer.json",
  clean: "none",
};

/** The goldens belong to this very file; a nano that was trained again has another vocabulary and its own goldens. */
const NANO_TOKENIZER = "714959c44502555797368b21a04633a1011066e151535e9fa2d537a9dbedd587";
const nanoJson = ["models/nano/tokenizer.json", "../shared/models/nano-baseline/tokenizer.json"]
  .map((path) => join(root, path))
  .filter((path) => existsSync(path))
  .map((path) => readFileSync(path, "utf8"))
  .find((json) => createHash("sha256").update(json).digest("hex") === NANO_TOKENIZER);
const nano = nanoJson === undefined ? undefined : createTokenizer(JSON.parse(nanoJson), NANO);
if (!nano) console.log("skipped: the tokenizer.json that the golden ids of nano belong to is absent");

const mergesFile = join(root, "../shared/tokenizer/bpe_simple_vocab_16e6.txt.gz");
const clip = existsSync(mergesFile) ? createTokenizer(clipTokenizerJson(), CLIP()) : undefined;
if (!clip) console.log("skipped: ../shared/tokenizer/bpe_simple_vocab_16e6.txt.gz is absent");

function CLIP(): Manifest["text"] {
  return { ...NANO, context: 77, vocab: 49408, bos: 49406, eos: 49407, pad: 0, clean: "open_clip" };
}

/** CLIP's tokenizer.json out of its merges, in Hugging Face's layout. */
function clipTokenizerJson() {
  const keep = [...range(33, 127), ...range(161, 173), ...range(174, 256)];
  const rest = range(0, 256).filter((byte) => !keep.includes(byte));
  const bytes = [
    ...keep.map((byte) => String.fromCodePoint(byte)),
    ...rest.map((_, i) => String.fromCodePoint(256 + i)),
  ];
  const lines = gunzipSync(readFileSync(mergesFile)).toString("utf8").split("\n");
  const merges = lines.slice(1, 49152 - 256 - 2 + 1);
  const tokens = [
    ...bytes,
    ...bytes.map((byte) => `${byte}</w>`),
    ...merges.map((merge) => merge.replace(" ", "")),
    "<|startoftext|>",
    "<|endoftext|>",
  ];
  return {
    version: "1.0",
    added_tokens: [
      { id: 49406, content: "<|startoftext|>", special: true },
      { id: 49407, content: "<|endoftext|>", special: true },
    ],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "NFC" },
        { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
        { type: "Lowercase" },
      ],
    },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
          behavior: "Removed",
          invert: true,
        },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: null,
    decoder: null,
    model: {
      type: "BPE",
      unk_token: "<|endoftext|>",
      continuing_subword_prefix: "",
      end_of_word_suffix: "</w>",
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function expectGolden(tokenize: Tokenize, { text, ids, truncated }: Golden) {
  const tokens = tokenize(text);
  const used = ids.filter((id, i) => id !== 0 || i < ids.lastIndexOf(ids[0] === 4094 ? 4095 : 49407));
  expect(Array.from(tokens.ids.subarray(0, tokens.length)), describeText(text)).toEqual(used);
  expect(tokens.truncated, describeText(text)).toBe(truncated);
}

test.skipIf(!nano)("nano's ids are its trainer's", () => {
  for (const golden of goldens("nano")) expectGolden(nano!, golden);
});

test.skipIf(!clip)("ids on CLIP's vocabulary are open_clip's, cleaning included", () => {
  for (const golden of goldens("open_clip")) expectGolden(clip!, golden);
});

test.skipIf(!clip)("CLIP's published example", () => {
  const { ids, length } = clip!("a photo of a cat");
  expect(Array.from(ids.subarray(0, length))).toEqual([49406, 320, 1125, 539, 320, 2368, 49407]);
});

/** A vocabulary of bytes alone: enough to see the frame around the words. */
const bytesOnly = (text: Partial<Manifest["text"]> = {}, json: Record<string, unknown> = {}) => {
  const letters = range(97, 123).map((code) => String.fromCodePoint(code));
  const tokens = [
    ...letters,
    ...letters.map((letter) => `${letter}</w>`),
    "!",
    "!</w>",
    "<|startoftext|>",
    "<|endoftext|>",
  ];
  return createTokenizer(
    {
      version: "1.0",
      added_tokens: [{ id: 55, content: "<|endoftext|>", special: true }],
      normalizer: { type: "Lowercase" },
      model: {
        type: "BPE",
        unk_token: "!",
        end_of_word_suffix: "</w>",
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: [],
      },
      ...json,
    },
    { ...NANO, context: 6, vocab: 56, bos: 54, eos: 55, pad: 53, ...text },
  );
};

test("bos, words, eos, then pad to the context", () => {
  expect(bytesOnly()("A b")).toEqual({ ids: Int32Array.of(54, 26, 27, 55, 53, 53), length: 4, truncated: false });
});

test.skipIf(!clip)("ids on CLIP's vocabulary are transformers' where a pack cleans as it does", () => {
  const tokenize = createTokenizer(clipTokenizerJson(), { ...CLIP(), clean: "hugging_face" });
  const differing = goldens("hugging_face").filter(({ text, ids }) => {
    expectGolden(tokenize, goldens("hugging_face").find((each) => each.text === text)!);
    const other = clip!(text);
    return Array.from(other.ids.subarray(0, other.length)).join() !== ids.join();
  });
  // Mojibake, HTML entities and wide letters are what open_clip repairs.
  expect(differing.length).toBeGreaterThan(3);
});

test("a long text keeps its beginning and the end-of-text id", () => {
  expect(bytesOnly()("abcd")).toEqual({ ids: Int32Array.of(54, 0, 1, 2, 29, 55), length: 6, truncated: false });
  expect(bytesOnly()("abcdef")).toEqual({ ids: Int32Array.of(54, 0, 1, 2, 3, 55), length: 6, truncated: true });
});

test("a text cannot spell a special token", () => {
  const { ids, length } = bytesOnly({ context: 40 })("a<|endoftext|>b");
  expect(ids.indexOf(55)).toBe(length - 1);
});

test("added tokens that are no marks are taken whole, those past the table and the text's own ends are not", () => {
  const token = (id: number, content: string) => ({ id, content, normalized: false, special: false });
  const added_tokens = [token(52, "ab!"), token(55, "cd!"), token(99, "ef!")];
  const { ids } = bytesOnly({ context: 12 }, { added_tokens })("ab!cd!ef!");
  expect([...ids]).toEqual([54, 52, 2, 29, 53, 4, 31, 53, 55, 53, 53, 53]);
});

test("hostile lengths are bounded", () => {
  const started = performance.now();
  const { truncated } = bytesOnly({ clean: "open_clip" })("é".repeat(5_000_000));
  expect(truncated).toBe(true);
  expect(performance.now() - started).toBeLessThan(2000);
  expect(bytesOnly()(" ".repeat(MAX_TEXT_LENGTH + 1)).truncated).toBe(true);
});

test("where pads reach the vector, a text is as long as the context", () => {
  const [short, long] = [bytesOnly({}), bytesOnly({ padded: true })].map((tokenize) => tokenize("ab"));
  expect([short?.length, long?.length]).toEqual([4, 6]);
  expect(long?.ids).toEqual(short?.ids);
  expect(batch([long!]).dims).toEqual([1, 6]);
});

test("another kind of tokenizer is refused", () => {
  expect(() => createTokenizer({ model: { type: "Unigram" } }, NANO)).toThrow(/byte-level BPE/);
  expect(() => createTokenizer(null, NANO)).toThrow(/byte-level BPE/);
});

test("a batch is as wide as its longest text", () => {
  const tokenize = bytesOnly();
  expect(batch([tokenize("a"), tokenize("b c")])).toEqual({
    input_ids: Int32Array.of(54, 26, 55, 53, 54, 27, 28, 55),
    dims: [2, 4],
  });
  expect(batch([])).toEqual({ input_ids: new Int32Array(0), dims: [0, 0] });
});
