// Words that a tokenizer takes whole and that are no marks of its own: Gemma's has HTML tags and runs of newlines.

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/**
 * @param tokenizerJson a tokenizer.json
 * @returns those of its added tokens that a text may spell, as they stand there
 */
export function ordinaryTokens(tokenizerJson: unknown): (Record<string, unknown> & { id: number })[] {
  if (!isRecord(tokenizerJson) || !Array.isArray(tokenizerJson.added_tokens)) return [];
  const tokens: unknown[] = tokenizerJson.added_tokens;
  return tokens.flatMap((token) =>
    isRecord(token) && typeof token.id === "number" && token.special !== true ? [{ ...token, id: token.id }] : [],
  );
}
