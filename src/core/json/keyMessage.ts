// Valibot's words for a key that is missing or not known tell of its types; these tell what to do.
import type * as v from "valibot";

/** @returns undefined where it is the value that is wrong: then the schema's own message is right */
export function keyMessage({ type, expected, path }: v.BaseIssue<unknown>): string | undefined {
  // Valibot points to the key itself where there is no value to speak of.
  if (!type.endsWith("object") || path?.at(-1)?.origin !== "key") return undefined;
  return expected === "never" ? "is not known here" : "is missing";
}
