// What of a tokenizer.json decides a text's ids, in one spelling: versions of one library write the same tokenizer differently.
import { CLIP_PRE_TOKENIZER } from "../core/text/clipPreTokenizer.ts";
import { ordinaryTokens } from "../core/text/ordinaryTokens.ts";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** In front of CLIP's pattern in some versions; a text cannot spell a special token here. */
const SPECIAL_TOKENS = "<\\|startoftext\\|>|<\\|endoftext\\|>|";

function step(value: unknown): unknown {
  if (!isRecord(value)) return value;
  if (value.type === "ByteLevel") return { type: "ByteLevel", add_prefix_space: value.add_prefix_space ?? false };
  if (value.type === "Split" && isRecord(value.pattern) && typeof value.pattern.Regex === "string")
    return { ...value, pattern: { Regex: value.pattern.Regex.replace(SPECIAL_TOKENS, "") } };
  return value;
}

function preTokenizer(value: unknown): unknown {
  if (!isRecord(value) || !Array.isArray(value.pretokenizers)) return step(value);
  return { ...value, pretokenizers: value.pretokenizers.map(step) };
}

/** @returns the parts that `createTokenizer` uses */
export function tokenizerMeaning(json: unknown): unknown {
  if (!isRecord(json) || !isRecord(json.model)) return json;
  const { type, vocab, merges, unk_token, continuing_subword_prefix, end_of_word_suffix } = json.model;
  const ordinary = ordinaryTokens(json);
  return {
    normalizer: json.normalizer ?? null,
    pre_tokenizer: preTokenizer(json.pre_tokenizer ?? CLIP_PRE_TOKENIZER),
    type,
    vocab,
    merges: Array.isArray(merges) ? merges.map((pair) => (Array.isArray(pair) ? pair.join(" ") : pair)) : merges,
    unk_token: isRecord(unk_token) ? unk_token.content : unk_token,
    prefix: continuing_subword_prefix || null,
    suffix: end_of_word_suffix || null,
    // Where there are none, a tokenizer means what it did before these were told.
    ...(json.model.byte_fallback === true && { byte_fallback: true }),
    ...(ordinary.length > 0 && { ordinary: ordinary.map(({ id, content }) => [id, content]) }),
  };
}
