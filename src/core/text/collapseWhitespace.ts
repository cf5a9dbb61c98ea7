// Python's `" ".join(text.split())`, whose idea of whitespace is not JavaScript's (U+001C and U+0085 are, U+FEFF is not).

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts these separators as whitespace
const WHITESPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;

export const collapseWhitespace = (text: string): string => text.replace(WHITESPACE, " ").replace(/^ | $/g, "");
