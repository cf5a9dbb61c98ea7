// The clean-up a model expects before its tokenizer, by the rule the pack names. Lowercasing is the tokenizer's.
import type { Manifest } from "../pack/manifest.ts";
import { collapseWhitespace } from "./collapseWhitespace.ts";
import { fixText } from "./fixText.ts";
import { unescapeHtml } from "./unescapeHtml.ts";

/** Python's `string.punctuation`. */
const PUNCTUATION = /[!-/:-@[-`{-~]/g;

/**
 * - `open_clip`: ftfy, HTML entities twice (as in `&amp;lt;`), single spaces, trimmed (open_clip's `_clean_whitespace`)
 * - `hugging_face`: NFC; the rest stands in tokenizer.json
 * - `canonicalize`: as `open_clip`, then without punctuation, in lower case (open_clip's `_clean_canonicalize`)
 * - `none`: untouched
 */
export function clean(text: string, rule: Manifest["text"]["clean"]): string {
  switch (rule) {
    case "open_clip":
      return collapseWhitespace(unescapeHtml(unescapeHtml(fixText(text))));
    case "hugging_face":
      return text.normalize("NFC");
    case "canonicalize":
      return collapseWhitespace(
        unescapeHtml(unescapeHtml(fixText(text)))
          .replaceAll("_", " ")
          .replace(PUNCTUATION, "")
          .toLowerCase(),
      );
    case "none":
      return text;
  }
}
