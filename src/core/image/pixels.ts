// The whole preprocessing of a picture: bytes in, the square that a model sees out, as PIL and torchvision would make it.
import { Problem } from "../problem.ts";
import { centreCrop } from "./crop.ts";
import { decode } from "./decode.ts";
import { readHeader } from "./header.ts";
import { checkPixels } from "./limits.ts";
import { DecodeFailed, HeapExhausted, type Magick } from "./magick.ts";
import { mirror, orientationOf, transpose } from "./orientation.ts";
import { resizeCrop } from "./resize.ts";
import { type ImageFormat, sniff } from "./sniff.ts";

export interface PixelSpec {
  /** S, the side of the model's square in pixels */
  size: number;
}

interface PictureInfo {
  format: ImageFormat;
  /** as stored */
  width: number;
  height: number;
  /** only the first frame was read */
  animated: boolean;
}

export interface Picture extends PictureInfo {
  /** uint8 [S, S, 3], RGB, row-major; normalisation is inside the model's graph */
  pixels: Uint8Array;
}

/**
 * EXIF orientation applied, alpha over white, first frame, 8-bit sRGB; the shorter side resized to S, the centre cropped.
 * @throws Problem `unsupported_image`, `image_unreadable`, `image_too_many_pixels`
 */
export function toPixels(magick: Magick, bytes: Uint8Array, { size }: PixelSpec): Picture {
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
  try {
    const pixels = magick.run(() =>
      decode(bytes, format, header, size, ({ columns, rows, exifOrientation, read }) => {
        const orientation = orientationOf(exifOrientation);
        const { transposed } = orientation;
        const { x, y } = centreCrop(transposed ? rows : columns, transposed ? columns : rows, size, orientation);
        return mirror(resizeCrop(transposed ? transpose(read) : read, x, y, size), size, orientation);
      }),
    );
    return { pixels, format, width: header.width, height: header.height, animated: header.animated };
  } catch (error) {
    if (error instanceof HeapExhausted) {
      const detail = `Decoding this ${header.variant} of ${header.width} x ${header.height} pixels takes more memory than there is.`;
      throw new Problem("image_too_many_pixels", detail, { cause: error });
    }
    if (error instanceof DecodeFailed) {
      throw new Problem("image_unreadable", `The ${format.toUpperCase()} is damaged or cut off.`, { cause: error });
    }
    throw error;
  }
}
