// A SigLIP export's texts as its tower was trained on them: Unigram pieces (SigLIP), or Gemma's BPE of small letters (SigLIP 2).
// https://github.com/huggingface/transformers/blob/main/src/transformers/models/siglip2/tokenization_siglip2.py
import { join } from "node:path";
import * as v from "valibot";
import type { Manifest } from "../../core/pack/manifest.ts";
import { lowercases } from "../../core/text/finalSigma.ts";
import type { TokenizerFile } from "../checkpoint/huggingFaceTokenizer.ts";
import type { TokenizerConfig } from "./tokenizerConfig.ts";

const TokenizerSchema = v.object({
  normalizer: v.optional(v.unknown()),
  post_processor: v.optional(v.unknown()),
  model: v.variant("type", [
    v.object({ type: v.literal("BPE"), vocab: v.record(v.string(), v.number()) }),
    v.object({ type: v.literal("Unigram"), vocab: v.array(v.tuple([v.string(), v.number()])) }),
  ]),
});
type TokenizerJson = v.InferOutput<typeof TokenizerSchema>;

/** All else stays as it is: a record that was checked has lost names that are no words to JavaScript, as "constructor" is. */
const WholeSchema = v.looseObject({
  normalizer: v.optional(v.unknown()),
  added_tokens: v.optional(v.array(v.looseObject({ content: v.string() })), []),
});

const TemplateSchema = v.object({
  type: v.literal("TemplateProcessing"),
  single: v.array(
    v.union([
      v.object({ SpecialToken: v.object({ id: v.string() }) }),
      v.object({ Sequence: v.object({ id: v.string() }) }),
    ]),
  ),
});

/** A mark in transformers' class, which tokenizer.json lists among the words. */
const MASK = "<mask>";

export interface SiglipTexts extends Pick<Manifest["text"], "bos" | "eos" | "pad" | "clean"> {
  tokenizer: TokenizerFile;
}

/**
 * @param openClip whether it is OpenCLIP that texts went through, which cleans them before
 * @throws Error naming the file and field that is wrong
 */
export function siglipTexts(
  dir: string,
  file: TokenizerFile,
  config: TokenizerConfig,
  { vocab, openClip }: { vocab: number; openClip: boolean },
): SiglipTexts {
  const path = join(dir, "tokenizer.json");
  const configPath = join(dir, "tokenizer_config.json");
  const parsed = v.safeParse(TokenizerSchema, file.json);
  if (!parsed.success)
    throw new Error(`${path}: ${v.getDotPath(parsed.issues[0]) ?? "document"}: ${parsed.issues[0].message}`);
  const json = parsed.output;
  if (config.padding_side === "left")
    throw new Error(`${configPath}: padding_side: is left; the last place of a text is pooled, behind its pads`);
  const nameOf = (name: "eos_token" | "pad_token" | "bos_token"): string => {
    const content = config[name];
    if (!content) throw new Error(`${configPath}: ${name}: is missing`);
    return content;
  };
  const idOf = (name: "eos_token" | "pad_token" | "bos_token"): number => {
    const content = nameOf(name);
    const { model } = json;
    const id = model.type === "BPE" ? model.vocab[content] : model.vocab.findIndex(([piece]) => piece === content);
    if (id === undefined || id < 0 || id >= vocab)
      throw new Error(`${path}: the vocabulary lacks ${content} (${name})`);
    return id;
  };
  const { before, after } = framing(json, config);
  const bos = before.length > 0;
  if (
    before.length > 1 ||
    after.length !== 1 ||
    after[0] !== nameOf("eos_token") ||
    (bos && before[0] !== nameOf("bos_token"))
  )
    throw new Error(
      `${path}: post_processor: puts [${before}] before and [${after}] behind a text; an end is needed, and at most a beginning before`,
    );
  const small = lowercases(json.normalizer);
  const gemma = json.model.type === "BPE" && !openClip;
  return {
    tokenizer: gemma ? asSiglip2(file) : file,
    ...{ bos: bos ? idOf("bos_token") : null, eos: idOf("eos_token"), pad: idOf("pad_token") },
    // Where the tokenizer does not make letters small by itself, OpenCLIP does it before.
    clean: gemma || small ? "none" : "canonicalize",
  };
}

/** What stands around a text, by transformers' rule: what the configuration says, where it says anything, else the template. */
function framing(json: TokenizerJson, config: TokenizerConfig): { before: string[]; after: string[] } {
  const { add_bos_token: bos, add_eos_token: eos, bos_token, eos_token } = config;
  const end = eos_token ? [eos_token] : [];
  if (typeof bos === "boolean" || typeof eos === "boolean")
    return { before: bos && bos_token ? [bos_token] : [], after: eos ? end : [] };
  const template = v.safeParse(TemplateSchema, json.post_processor);
  if (template.success) {
    const names = template.output.single.map((each) => ("SpecialToken" in each ? each.SpecialToken.id : undefined));
    const at = names.indexOf(undefined);
    const named = (part: (string | undefined)[]) => part.filter((name) => name !== undefined);
    return { before: named(names.slice(0, at)), after: named(names.slice(at + 1)) };
  }
  // SigLIP's own tokenizer ends every text, whatever its file says.
  return { before: [], after: json.model.type === "Unigram" ? end : [] };
}

/** Files of SigLIP 2 lack what its class in transformers adds: small letters, as in training, and that <mask> is no word. */
function asSiglip2(file: TokenizerFile): TokenizerFile {
  const json = v.parse(WholeSchema, file.json);
  const { normalizer } = json;
  const lowercase = { type: "Lowercase" };
  const adapted = {
    ...json,
    ...(!lowercases(normalizer) && {
      normalizer: { type: "Sequence", normalizers: normalizer ? [lowercase, normalizer] : [lowercase] },
    }),
    added_tokens: json.added_tokens.map((token) => (token.content === MASK ? { ...token, special: true } : token)),
  };
  return { bytes: new TextEncoder().encode(JSON.stringify(adapted)), json: adapted };
}
