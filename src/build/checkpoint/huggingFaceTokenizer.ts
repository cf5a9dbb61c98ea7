// The tokenizer files of a Hugging Face CLIP: tokenizer.json, or the vocabulary and merges that it is made of.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { readJson } from "./readJson.ts";

export interface TokenizerFile {
  bytes: Uint8Array;
  json: unknown;
}

export async function readTokenizer(path: string): Promise<TokenizerFile> {
  return { bytes: new Uint8Array(await readFile(path)), json: await readJson(path) };
}

/** What `CLIPTokenizer` makes of vocab.json and merges.txt; the words are cut by CLIP's own pattern, as where none is stated. */
async function assembled(dir: string): Promise<TokenizerFile> {
  const merges = (await readFile(join(dir, "merges.txt"), "utf8"))
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#version"));
  const json = {
    version: "1.0",
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "NFC" },
        { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
        { type: "Lowercase" },
      ],
    },
    model: {
      type: "BPE",
      unk_token: "<|endoftext|>",
      continuing_subword_prefix: "",
      end_of_word_suffix: "</w>",
      vocab: await readJson(join(dir, "vocab.json")),
      merges,
    },
  };
  return { bytes: new TextEncoder().encode(JSON.stringify(json)), json };
}

/** @throws Error when the folder has neither */
export async function readHuggingFaceTokenizer(dir: string): Promise<TokenizerFile> {
  const path = join(dir, "tokenizer.json");
  if (existsSync(path) || !existsSync(join(dir, "vocab.json"))) return readTokenizer(path);
  return assembled(dir);
}

const token = v.union([
  v.string(),
  v.pipe(
    v.object({ content: v.string() }),
    v.transform(({ content }) => content),
  ),
]);
const PadSchema = v.object({ pad_token: v.optional(v.nullable(token)) });

/** `CLIPTokenizer`'s default. */
const PAD = "<|endoftext|>";

/** @returns the token that fills up a short text, e.g. `!`, which is id 0, in Stable Diffusion 2 */
export async function readPadToken(dir: string): Promise<string> {
  for (const name of ["tokenizer_config.json", "special_tokens_map.json"]) {
    const path = join(dir, name);
    if (!existsSync(path)) continue;
    const parsed = v.safeParse(PadSchema, await readJson(path));
    if (!parsed.success) throw new Error(`${path}: pad_token: ${parsed.issues[0].message}`);
    if (parsed.output.pad_token) return parsed.output.pad_token;
  }
  return PAD;
}
