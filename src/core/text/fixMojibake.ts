// Repairs UTF-8 that was read as Latin-1 or Windows-1252 (`cafÃ©`, `donâ€™t`), and only that.
import { cp1252Byte } from "./cp1252.ts";

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Marks that may follow an accented letter in honest text: `café™`, `« café »`, `“café…”`. */
const HONEST = new Set("®™«»“”‘’‹›„‚…—–·\xa0\xad");

interface Sequence {
  length: number;
  decoded: string;
  /** Hardly anything but mojibake, even alone: led by `Â` or `Ã`, by `à`, `â`, `ã` or `ï` in threes, or four long. */
  certain: boolean;
}

/** The UTF-8 sequence whose bytes the characters at `at` are, if they are one. */
function sequenceAt(text: string, at: number): Sequence | undefined {
  const lead = cp1252Byte(text.charAt(at));
  const length = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (length === 0 || at + length > text.length) return undefined;
  const rest = Array.from(text.slice(at + 1, at + length));
  const bytes = rest.map(cp1252Byte);
  if (bytes.some((byte) => byte < 0x80 || byte > 0xbf)) return undefined;
  if (length > 2 && rest.every((char) => HONEST.has(char))) return undefined;
  const certain = lead <= 0xc3 || length === 4 || (length === 3 && (lead <= 0xe3 || lead === 0xef));
  try {
    return { length, decoded: DECODER.decode(Uint8Array.of(lead, ...bytes)), certain };
  } catch {
    return undefined; // overlong, a surrogate or past U+10FFFF: not UTF-8, so left alone
  }
}

/**
 * One pass. Runs of sequences are judged together: a single two-byte sequence led by another capital (`É™`) may be
 * meant, so it is taken only inside a word (`Å‚` in `SokoÅ‚owski`), and one of three led by a letter that ends words
 * (`hé²™`) not at all; two in a row are taken always.
 */
function pass(text: string): string {
  let out = "";
  let at = 0;
  while (at < text.length) {
    const run: Sequence[] = [];
    let end = at;
    for (let next = sequenceAt(text, end); next; next = sequenceAt(text, end)) {
      run.push(next);
      end += next.length;
    }
    const inWord = /\p{Ll}$/u.test(text.slice(Math.max(0, at - 2), at)) || /^\p{L}/u.test(text.slice(end, end + 2));
    const [first] = run;
    if (run.length > 1 || first?.certain || (first?.length === 2 && inWord)) {
      for (const { decoded } of run) out += decoded;
      at = end;
    } else {
      out += text.charAt(at);
      at++;
    }
  }
  // The second byte of `à` is a no-break space, which tends to have become a plain one: `voilÃ le travail`.
  return out.replace(/(?<=^|[a-z] ?)Ã /g, "à ");
}

/** A text can be misread more than once, or be made to take as many passes as it has characters: past this many it stays. */
const PASSES = 8;

export function fixMojibake(text: string): string {
  let fixed = text;
  for (let count = 0; count < PASSES; count++) {
    // Without a lead byte's character there is nothing to repair, which is the common case.
    if (!/[\xc2-\xf4]/.test(fixed)) break;
    const before = fixed;
    fixed = pass(before);
    if (fixed === before) break;
  }
  return fixed;
}
