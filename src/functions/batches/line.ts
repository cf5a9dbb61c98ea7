// One line of a batch: its name, its picture and its own options, or what is wrong with it.
import { Problem } from "../../core/problem.ts";

const MAX_ID_LENGTH = 512;
/** Bytes. What a picture in a data URI needs more goes by address or key. */
export const MAX_LINE_BYTES = 4 * 2 ** 20;

export interface ReadLine {
  /** null where the line does not tell it. */
  custom_id: string | null;
  /** Everything else; a Problem where the line is none. */
  content: Record<string, unknown> | Problem;
}

const wrong = (custom_id: string | null, ...problem: ConstructorParameters<typeof Problem>): ReadLine => ({
  custom_id,
  content: new Problem(...problem),
});

/** @param bytes undefined where the line is too long */
export function readLine(bytes: Uint8Array | undefined): ReadLine {
  if (!bytes) return wrong(null, "body_too_large", `A line may have ${MAX_LINE_BYTES / 2 ** 20} MiB.`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (cause) {
    return wrong(null, "invalid_json", "The line is not valid JSON.", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return wrong(null, "invalid_request", "The line must be a JSON object.");
  const { custom_id, ...content }: { custom_id?: unknown } = value;
  if (typeof custom_id !== "string" || custom_id === "" || custom_id.length > MAX_ID_LENGTH)
    return wrong(null, "invalid_request", `custom_id must be a text of 1 to ${MAX_ID_LENGTH} characters.`);
  return { custom_id, content };
}
