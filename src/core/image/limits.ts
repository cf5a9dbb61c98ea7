// How large a picture may be: the heap that one decode may use, and the pixels of each format that fit into it.
import { Problem } from "../problem.ts";
import type { ImageHeader } from "./header.ts";

/**
 * Bytes that the decoder's WASM heap may reach. With 20 MiB of bodies in flight, the 3.3 MiB image of the clean heap and
 * the rows of the resampler an isolate stays under its budget of 110 MB.
 */
export const HEAP_CAP = 79 * 2 ** 20;

/**
 * Megapixels. Measured heap in MiB: baseline JPEG 16 at 12 MP and 23 at 100 (it is shrunk while it is read); progressive
 * JPEG at 12 MP 44 (4:2:0) to 80 (4:4:4); PNG 74 at 12 MP, with alpha 59 at 6; WebP 56 at 6 MP, lossless or with alpha 75 to 89
 * at 6; AVIF 66 at 3; GIF 64 at 12; TIFF 48 to 51 at 6; BMP 57 at 6.
 */
const MEGAPIXELS = {
  "baseline JPEG": 100,
  "progressive JPEG": 12,
  PNG: 12,
  "PNG with alpha": 8,
  GIF: 12,
  "lossy WebP": 8,
  "lossless or transparent WebP": 5,
  AVIF: 3.5,
  TIFF: 9,
  BMP: 8,
} as const;

export type Variant = keyof typeof MEGAPIXELS;

/** @throws Problem `image_too_many_pixels`, naming the limit */
export function checkPixels({ width, height, variant }: ImageHeader): void {
  const limit = MEGAPIXELS[variant];
  if (width * height <= limit * 1e6) return;
  throw new Problem(
    "image_too_many_pixels",
    `The picture has ${width} x ${height} pixels; a ${variant} may have ${limit} megapixels.`,
  );
}
