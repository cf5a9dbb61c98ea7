// Lowercasing as Hugging Face's tokenizers do it: each character by itself, where a word's last sigma is no other letter.

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** @param normalizer of a tokenizer.json */
export function lowercases(normalizer: unknown): boolean {
  if (!isRecord(normalizer)) return false;
  if (normalizer.type === "Lowercase") return true;
  return Array.isArray(normalizer.normalizers) && normalizer.normalizers.some(lowercases);
}

/** @returns a text in which no capital is left whose small letter depends on where it stands: there is only this one */
export const withoutFinalSigma = (text: string): string => text.replaceAll("Σ", "σ");
