// What the header of a picture says before anything is decoded.
import { Problem } from "../problem.ts";
import { readAvifHeader } from "./header/avif.ts";
import { readBmpHeader } from "./header/bmp.ts";
import { readGifHeader } from "./header/gif.ts";
import { readJpegHeader } from "./header/jpeg.ts";
import { readPngHeader } from "./header/png.ts";
import { readTiffHeader } from "./header/tiff.ts";
import { readWebpHeader } from "./header/webp.ts";
import type { Variant } from "./limits.ts";
import type { ImageFormat } from "./sniff.ts";

/** Width and height as stored: an EXIF orientation is not applied. */
export interface ImageHeader {
  width: number;
  height: number;
  animated: boolean;
  /** how the format was used, where that decides what a decode costs */
  variant: Variant;
}

const READERS: Record<ImageFormat, (view: DataView) => ImageHeader> = {
  jpeg: readJpegHeader,
  png: readPngHeader,
  gif: readGifHeader,
  webp: readWebpHeader,
  avif: readAvifHeader,
  tiff: readTiffHeader,
  bmp: readBmpHeader,
};

/** Reads through a DataView, whose own bounds check turns every missing byte into `image_unreadable`. */
export function readHeader(format: ImageFormat, bytes: Uint8Array): ImageHeader {
  let header: ImageHeader;
  try {
    header = READERS[format](new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Problem("image_unreadable", `The ${format.toUpperCase()} header is damaged or cut off.`, {
      cause: error,
    });
  }
  if (header.width < 1 || header.height < 1) {
    throw new Problem("image_unreadable", `The ${format.toUpperCase()} header gives no width or height.`);
  }
  return header;
}
