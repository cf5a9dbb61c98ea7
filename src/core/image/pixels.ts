// The whole preprocessing of a picture: bytes in, the square that a model sees out, as PIL and torchvision would make it.
import type { Magick } from "./magick.ts";
import { identify, readPicture } from "./readPicture.ts";
import type { ImageFormat } from "./sniff.ts";
import { centreSquare, type Framing } from "./squares.ts";

export interface Picture {
  /** uint8 [S, S, 3], RGB, row-major; normalisation is inside the model's graph */
  pixels: Uint8Array;
  format: ImageFormat;
  /** as stored */
  width: number;
  height: number;
  /** only the first frame was read */
  animated: boolean;
}

/**
 * EXIF orientation applied, alpha over white, first frame, 8-bit sRGB; the shorter side resized to S, the centre cropped, unless
 * the framing says otherwise.
 * @throws Problem `unsupported_image`, `image_unreadable`, `image_too_many_pixels`
 */
export function toPixels(magick: Magick, bytes: Uint8Array, framing: Framing): Picture {
  const info = identify(bytes);
  const pixels = readPicture(magick, bytes, info, framing.size, (picture) => centreSquare(picture, framing));
  const { width, height, animated } = info.header;
  return { pixels, format: info.format, width, height, animated };
}
