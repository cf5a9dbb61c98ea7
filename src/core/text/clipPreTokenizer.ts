// CLIP's own way to cut text into words, for a tokenizer.json that does not state it.

/** The pattern of CLIP's reference tokenizer (openai/CLIP, `simple_tokenizer.py`), less the special tokens, which a text cannot spell here. */
const WORDS = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

export const CLIP_PRE_TOKENIZER = {
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex: WORDS }, behavior: "Removed", invert: true },
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
  ],
};
