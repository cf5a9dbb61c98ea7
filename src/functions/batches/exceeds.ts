// Whether a text takes more bytes in UTF-8 than it may.

/** Of one that is far too long nothing is encoded: there are no fewer bytes than UTF-16 units. */
export const exceeds = (text: string, bytes: number): boolean =>
  text.length > bytes || new TextEncoder().encode(text).length > bytes;
