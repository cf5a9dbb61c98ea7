// Bytes checked, decoded and handed out: what every reading of a picture begins with, and the problems it may end in.
import { Problem } from "../problem.ts";
import { type Decoded, decode } from "./decode.ts";
import { type ImageHeader, readHeader } from "./header.ts";
import { checkPixels } from "./limits.ts";
import { DecodeFailed, HeapExhausted, type Magick } from "./magick.ts";
import { type ImageFormat, sniff } from "./sniff.ts";

export interface PictureInfo {
  format: ImageFormat;
  header: ImageHeader;
}

/** @throws Problem `unsupported_image`, `image_unreadable`, `image_too_many_pixels` */
export function identify(bytes: Uint8Array): PictureInfo {
  if (bytes.length === 0) throw new Problem("image_unreadable", "The picture is empty.");
  const format = sniff(bytes);
  if (!format) {
    throw new Problem(
      "unsupported_image",
      "These bytes are no picture that is read here: JPEG, PNG, GIF, WebP, AVIF, TIFF or BMP.",
    );
  }
  const header = readHeader(format, bytes);
  checkPixels(header);
  return { format, header };
}

/** @returns the problem that a decode ended in; what is none of the decoder's failures as it is */
export function problemOf(error: unknown, { format, header }: PictureInfo): unknown {
  if (error instanceof HeapExhausted) {
    const detail = `Decoding this ${header.variant} of ${header.width} x ${header.height} pixels takes more memory than there is.`;
    return new Problem("image_too_many_pixels", detail, { cause: error });
  }
  if (error instanceof DecodeFailed)
    return new Problem("image_unreadable", `The ${format.toUpperCase()} is damaged or cut off.`, { cause: error });
  return error;
}

/**
 * @param size S, the side that the picture is needed for
 * @param use may run twice
 * @throws Problem `image_unreadable`, `image_too_many_pixels`
 */
export function readPicture<T>(
  magick: Magick,
  bytes: Uint8Array,
  info: PictureInfo,
  size: number,
  use: (picture: Decoded) => T,
): T {
  try {
    return magick.run(() => decode(bytes, info.format, info.header, size, use));
  } catch (error) {
    throw problemOf(error, info);
  }
}
