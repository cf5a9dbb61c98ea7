// The ids of the special tokens of a CLIP tokenizer: the last two of its vocabulary.
import * as v from "valibot";

const TokenizerSchema = v.object({ model: v.object({ vocab: v.record(v.string(), v.number()) }) });

const BOS = ["<|startoftext|>", "<start_of_text>"];
const EOS = ["<|endoftext|>", "<end_of_text>"];

/**
 * @param pad a token of the vocabulary; without one, 0, as open_clip's SimpleTokenizer pads
 * @throws Error when one is missing or past the model's vocabulary
 */
export function specialTokens(
  tokenizer: unknown,
  vocabSize: number,
  pad?: string,
): { bos: number; eos: number; pad: number } {
  const parsed = v.safeParse(TokenizerSchema, tokenizer);
  if (!parsed.success)
    throw new Error(`tokenizer.json: ${v.getDotPath(parsed.issues[0]) ?? "document"}: ${parsed.issues[0].message}`);
  const { vocab } = parsed.output.model;
  const idOf = (names: string[]): number => {
    const id = names.map((name) => vocab[name]).find((found) => found !== undefined);
    if (id === undefined) throw new Error(`tokenizer.json: the vocabulary lacks ${names[0]}`);
    if (id >= vocabSize) throw new Error(`tokenizer.json: ${names[0]} is ${id}, the model has ${vocabSize} tokens`);
    return id;
  };
  const eos = idOf(EOS);
  if (Object.values(vocab).some((id) => id > eos))
    throw new Error("tokenizer.json: the end-of-text token must have the highest id");
  return { bos: idOf(BOS), eos, pad: pad === undefined ? 0 : idOf([pad]) };
}
