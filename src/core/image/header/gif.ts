// Size of a GIF's canvas and whether it moves, by walking its blocks to the second image.
import type { ImageHeader } from "../header.ts";

const EXTENSION = 0x21;
const IMAGE = 0x2c;

const colourTable = (packed: number): number => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0);

function countImages(view: DataView, limit: number): number {
  let images = 0;
  let at = 13 + colourTable(view.getUint8(10));
  const skipSubBlocks = (): void => {
    for (let length = view.getUint8(at++); length > 0; length = view.getUint8(at++)) at += length;
  };
  while (images < limit && at < view.byteLength) {
    const block = view.getUint8(at++);
    if (block === EXTENSION) at += 1;
    else if (block === IMAGE) {
      if (++images === limit) break;
      at += 9 + colourTable(view.getUint8(at + 8)) + 1;
    } else break;
    skipSubBlocks();
  }
  return images;
}

export function readGifHeader(view: DataView): ImageHeader {
  const header = { width: view.getUint16(6, true), height: view.getUint16(8, true), variant: "GIF" as const };
  try {
    return { ...header, animated: countImages(view, 2) > 1 };
  } catch (error) {
    // A GIF cut off after its first image still decodes; whether it was cut before, the decoder tells.
    if (error instanceof RangeError) return { ...header, animated: false };
    throw error;
  }
}
