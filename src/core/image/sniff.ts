// Which picture format some bytes are, told by their magic numbers and nothing else.

export type ImageFormat = "jpeg" | "png" | "gif" | "webp" | "avif" | "tiff" | "bmp";

const startsWith = (bytes: Uint8Array, offset: number, magic: string): boolean => {
  if (bytes.length < offset + magic.length) return false;
  for (let i = 0; i < magic.length; i++) if (bytes[offset + i] !== magic.charCodeAt(i)) return false;
  return true;
};

/** ISO 14496-12: `ftyp` is a size, the name, the major brand, a version and the compatible brands. HEIC lacks the AVIF brands. */
function isAvif(bytes: Uint8Array): boolean {
  if (bytes.length < 16 || !startsWith(bytes, 4, "ftyp")) return false;
  const end = Math.min(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), bytes.length, 256);
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) {
    if (startsWith(bytes, at, "avif") || startsWith(bytes, at, "avis")) return true;
  }
  return false;
}

/** @returns undefined for everything that is not read here: HEIC, SVG, PDF, text, nothing at all */
export function sniff(bytes: Uint8Array): ImageFormat | undefined {
  if (startsWith(bytes, 0, "\xff\xd8\xff")) return "jpeg";
  if (startsWith(bytes, 0, "\x89PNG\r\n\x1a\n")) return "png";
  if (startsWith(bytes, 0, "GIF87a") || startsWith(bytes, 0, "GIF89a")) return "gif";
  if (startsWith(bytes, 0, "RIFF") && startsWith(bytes, 8, "WEBP")) return "webp";
  if (startsWith(bytes, 0, "II*\0") || startsWith(bytes, 0, "MM\0*")) return "tiff";
  // "BM" alone is two letters of text: the size of the second header must be one that exists (12 OS/2, 40 and up Windows).
  if (startsWith(bytes, 0, "BM") && [12, 40, 52, 56, 64, 108, 124].includes(bytes[14] ?? 0)) return "bmp";
  if (isAvif(bytes)) return "avif";
  return undefined;
}
