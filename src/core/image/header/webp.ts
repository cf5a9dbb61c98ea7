// Size and kind of a WebP, from its first chunk (RFC 9649): VP8X, VP8L or VP8.
import type { ImageHeader } from "../header.ts";

const EXTENDED = 0x56503858;
const LOSSLESS = 0x5650384c;
const LOSSY = 0x56503820;
const ANIMATION_BIT = 0x02;
const ALPHA_BIT = 0x10;

const readUint24 = (view: DataView, at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);

/** The name of the chunk that holds the picture behind VP8X, or undefined in an animation. */
function pictureChunk(view: DataView): number | undefined {
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const name = view.getUint32(at);
    if (name === LOSSLESS || name === LOSSY) return name;
    const length = view.getUint32(at + 4, true);
    at += 8 + length + (length & 1);
  }
  return undefined;
}

export function readWebpHeader(view: DataView): ImageHeader {
  const name = view.getUint32(12);
  if (name === EXTENDED) {
    const flags = view.getUint8(20);
    const heavy = (flags & (ALPHA_BIT | ANIMATION_BIT)) !== 0 || pictureChunk(view) !== LOSSY;
    return {
      width: 1 + readUint24(view, 24),
      height: 1 + readUint24(view, 27),
      animated: (flags & ANIMATION_BIT) !== 0,
      variant: heavy ? "lossless or transparent WebP" : "lossy WebP",
    };
  }
  if (name === LOSSLESS) {
    const bits = view.getUint32(21, true);
    return {
      width: 1 + (bits & 0x3fff),
      height: 1 + ((bits >>> 14) & 0x3fff),
      animated: false,
      variant: "lossless or transparent WebP",
    };
  }
  if (name !== LOSSY) throw new RangeError("no picture chunk");
  return {
    width: view.getUint16(26, true) & 0x3fff,
    height: view.getUint16(28, true) & 0x3fff,
    animated: false,
    variant: "lossy WebP",
  };
}
