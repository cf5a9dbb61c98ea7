// Text -> CLIP's token ids, through @huggingface/tokenizers and the model's own tokenizer.json.
import { Tokenizer } from "@huggingface/tokenizers";
import type { Manifest } from "../pack/manifest.ts";
import { Problem } from "../problem.ts";
import { clean } from "./clean.ts";
import { CLIP_PRE_TOKENIZER } from "./clipPreTokenizer.ts";
import { lowercases, withoutFinalSigma } from "./finalSigma.ts";
import { ordinaryTokens } from "./ordinaryTokens.ts";
import { withoutIdleByteLevelSplit } from "./withoutIdleByteLevelSplit.ts";

export interface Tokens {
  /** [context]: bos, the text, eos, then pad. */
  ids: Int32Array<ArrayBuffer>;
  /** How many ids are used, bos and eos included: all of them where pads reach the vector. */
  length: number;
  /** True when the text did not fit: its end was cut, eos kept. */
  truncated: boolean;
}

export type Tokenize = (text: string) => Tokens;

/** Longest text looked at, in UTF-16 units: far past any context, and a bound on the work a hostile text can ask for. */
export const MAX_TEXT_LENGTH = 16_384;

/** Byte-level BPE is CLIP's; SigLIP's are Unigram, and Gemma's BPE of whole texts. */
const EDGE_TYPES: unknown[] = ["BPE"];
const DEPLOY_TYPES: unknown[] = ["BPE", "Unigram"];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The reference ids of open_clip's `SimpleTokenizer`, with one difference: a text that spells a special token
 * (`<|endoftext|>`) is text, so no caller can end or restart a sequence from inside.
 * @param tokenizerJson a byte-level BPE in the layout CLIP checkpoints ship, or SigLIP's
 */
export function createTokenizer(tokenizerJson: unknown, text: Manifest["text"]): Tokenize {
  const types = text.tower === "deploy" ? DEPLOY_TYPES : EDGE_TYPES;
  if (!isRecord(tokenizerJson) || !isRecord(tokenizerJson.model) || !types.includes(tokenizerJson.model.type)) {
    throw new Problem("pack_corrupt", "tokenizer.json: a byte-level BPE is expected");
  }
  const tokenizer = new Tokenizer(
    {
      ...tokenizerJson,
      normalizer: tokenizerJson.normalizer ?? null,
      pre_tokenizer: withoutIdleByteLevelSplit(
        tokenizerJson.pre_tokenizer ?? (text.tower === "deploy" ? null : CLIP_PRE_TOKENIZER),
      ),
      // bos and eos are put here, and nothing in a text is special.
      post_processor: null,
      decoder: null,
      added_tokens: ordinaryTokens(tokenizerJson).filter(
        ({ id }) => id < text.vocab && id !== text.bos && id !== text.eos,
      ),
    },
    {},
  );
  const head = text.bos === null ? [] : [text.bos];
  const room = text.context - head.length - 1;
  const asHuggingFace = text.clean === "hugging_face" || text.tower === "deploy";
  const lowercase =
    asHuggingFace && lowercases(tokenizerJson.normalizer) ? withoutFinalSigma : (words: string) => words;

  return (input) => {
    const bounded = input.length > MAX_TEXT_LENGTH ? input.slice(0, MAX_TEXT_LENGTH) : input;
    const body = tokenizer.encode(lowercase(clean(bounded, text.clean)), { add_special_tokens: false }).ids;
    const kept = body.slice(0, room);
    const ids = new Int32Array(text.context).fill(text.pad);
    ids.set([...head, ...kept, text.eos]);
    const length = text.padded ? text.context : head.length + kept.length + 1;
    return { ids, length, truncated: body.length > room || bounded !== input };
  };
}
