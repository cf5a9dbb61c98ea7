// Windows-1252, in both directions, with its five unassigned bytes passed through as browsers do (WHATWG Encoding).

/** What bytes 0x80 to 0x9F stand for; an unassigned byte stands for the C1 control of the same number. */
const HIGH = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";
const BYTES = new Map(Array.from(HIGH, (char, i) => [char, 0x80 + i]));

/** The byte that reads as this character in Latin-1 or Windows-1252, or -1. */
export function cp1252Byte(char: string): number {
  const code = char.charCodeAt(0);
  return code <= 0xff ? code : (BYTES.get(char) ?? -1);
}

/** C1 controls as the characters that Windows means by those bytes. */
export const c1AsCp1252 = (text: string): string =>
  text.replace(/[\x80-\x9f]/g, (char) => HIGH[char.charCodeAt(0) - 0x80] ?? char);
