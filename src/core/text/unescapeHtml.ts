// Python's `html.unescape`: every HTML5 entity, the old ones also without their semicolon.
import { decode } from "html-entities";
import { c1AsCp1252 } from "./cp1252.ts";

/** A numeric reference as HTML5 reads it: Windows-1252 for 0x80 to 0x9F, nothing for other controls and noncharacters. */
function character(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return "\ufffd";
  const control = (code < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d].includes(code)) || code === 0x7f;
  if (control || (code & 0xfffe) === 0xfffe || (code >= 0xfdd0 && code <= 0xfdef)) return "";
  return c1AsCp1252(String.fromCodePoint(code));
}

const REFERENCE = /&(?:#[xX]([0-9a-fA-F]+);?|#([0-9]+);?|[0-9A-Za-z]{1,32};?)/g;

export const unescapeHtml = (text: string): string =>
  text.replace(REFERENCE, (entity, hex: string | undefined, decimal: string | undefined) =>
    hex === undefined && decimal === undefined
      ? decode(entity, { level: "html5", scope: "body" })
      : character(hex === undefined ? Number.parseInt(decimal ?? "", 10) : Number.parseInt(hex, 16)),
  );

/** Only references that end in a semicolon, which no ordinary text contains by chance. */
export const unescapeHtmlStrict = (text: string): string =>
  text.replace(/&#?[0-9A-Za-z]{1,24};/g, (entity) => {
    const decoded = unescapeHtml(entity);
    return decoded.includes(";") ? entity : decoded;
  });
