// The clean-up a model expects before its tokenizer, by the rule the pack names. Lowercasing is the tokenizer's.
import type { Manifest } from "../pack/manifest.ts";
import { collapseWhitespace } from "./collapseWhitespace.ts";
import { fixText } from "./fixText.ts";
import { unescapeHtml } from "./unescapeHtml.ts";

/**
 * - `open_clip`: ftfy, HTML entities twice (as in `&amp;lt;`), single spaces, trimmed (open_clip's `_clean_whitespace`)
 * - `hugging_face`: NFC; the rest stands in tokenizer.json
 * - `none`: untouched
 */
export function clean(text: string, rule: Manifest["text"]["clean"]): string {
  switch (rule) {
    case "open_clip":
      return collapseWhitespace(unescapeHtml(unescapeHtml(fixText(text))));
    case "hugging_face":
      return text.normalize("NFC");
    case "none":
      return text;
  }
}
