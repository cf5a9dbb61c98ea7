// A whole picture as squares that a model sees: the centre crop, then tiles of what it cuts off.
import type { Magick } from "./magick.ts";
import type { Picture, PixelSpec } from "./pixels.ts";
import { identify, readPicture } from "./readPicture.ts";
import { centreSquare, tileSquares } from "./squares.ts";
import { MAX_TILES } from "./tiles.ts";

export interface Views extends Picture {
  /** uint8 [V, S, S, 3]; the first square is the centre crop */
  pixels: Uint8Array<ArrayBuffer>;
  /** that were looked at */
  frames: number;
}

/**
 * Pictures as `toPixels` reads them.
 * @throws Problem `unsupported_image`, `image_unreadable`, `image_too_many_pixels`
 */
export function toViews(magick: Magick, bytes: Uint8Array, { size }: PixelSpec): Views {
  const info = identify(bytes);
  const squares = readPicture(magick, bytes, info, size, (picture) => [
    centreSquare(picture, size),
    ...tileSquares(picture, size, MAX_TILES),
  ]);
  const pixels = new Uint8Array(squares.length * size * size * 3);
  for (const [at, square] of squares.entries()) pixels.set(square, at * square.length);
  const { width, height, animated } = info.header;
  return { pixels, frames: 1, format: info.format, width, height, animated };
}
