// Works around a difference between tokenizer engines: a ByteLevel step behind CLIP's Split must not split again.

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/**
 * ByteLevel by default splits once more by GPT-2's pattern, which cuts what CLIP's pattern keeps in one piece
 * (`<|endoftext|>`, `!!!'s`). The reference tokenizer splits once.
 * @param preTokenizer the `pre_tokenizer` of a tokenizer.json
 */
export function withoutIdleByteLevelSplit(preTokenizer: unknown): unknown {
  if (!isRecord(preTokenizer) || !Array.isArray(preTokenizer.pretokenizers)) return preTokenizer;
  const steps: unknown[] = preTokenizer.pretokenizers;
  if (!steps.some((step) => isRecord(step) && step.type === "Split")) return preTokenizer;
  const pretokenizers = steps.map((step) =>
    isRecord(step) && step.type === "ByteLevel" ? { ...step, use_regex: false } : step,
  );
  return { ...preTokenizer, pretokenizers };
}
