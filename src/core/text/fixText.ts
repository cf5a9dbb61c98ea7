// The part of ftfy.fix_text (Robyn Speer, https://ftfy.readthedocs.io) that labels and captions meet, written anew.
import { c1AsCp1252 } from "./cp1252.ts";
import { fixMojibake } from "./fixMojibake.ts";
import { unescapeHtmlStrict } from "./unescapeHtml.ts";

/** Ligatures and digraphs of Latin letters: Unicode's compatibility forms, which NFKC takes apart. */
const LIGATURES = /[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06]/g;
/** Half- and full-width forms and the ideographic space. */
const WIDTHS = /[\u3000\uff01-\uffef]/g;
/** Terminal colours, then controls that show nothing; tab, line feed and form feed stay. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
const ESCAPES = /\x1b\[[\d;]*[a-zA-Z]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
const CONTROLS = /[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g;

/** U+FB05 keeps its long s, and U+0149 its apostrophe, as in ftfy. */
const apart = (char: string): string => (char === "\ufb05" ? "\u017ft" : char.normalize("NFKC"));

function once(text: string): string {
  const unescaped = text.includes("<") ? text : unescapeHtmlStrict(text);
  return c1AsCp1252(fixMojibake(unescaped))
    .replace(LIGATURES, apart)
    .replace(WIDTHS, (char) => char.normalize("NFKC"))
    .replace(/[\u201c-\u201f]/g, '"')
    .replace(/[\u02bc\u2018-\u201b]/g, "'")
    .replace(/\r\n|[\r\u2028\u2029\x85]/g, "\n")
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replace(ESCAPES, "")
    .replace(CONTROLS, "")
    .normalize("NFC");
}

/** Repairs lead to repairs (`&amp;eacute;`), but a text can be nested on purpose: past this many rounds it stays as it is. */
const ROUNDS = 8;

/**
 * Bounds, against ftfy: mojibake only through Latin-1 and Windows-1252 (not 1250, 1251, MacRoman, cp437 …), no repair of
 * sequences with lost bytes (`â€�`), no all-capital entity names (`&EACUTE;`), the whole text as one segment, 8 rounds.
 */
export function fixText(text: string): string {
  let fixed = text;
  for (let round = 0; round < ROUNDS; round++) {
    const before = fixed;
    fixed = once(before);
    if (fixed === before) break;
  }
  return fixed;
}
