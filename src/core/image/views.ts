// A whole picture as squares that a model sees: of each frame the centre crop, then tiles of what it cuts off.
import { Canvas } from "./animation/canvas.ts";
import { openAnimation } from "./animation/openAnimation.ts";
import { play } from "./animation/play.ts";
import { PICTURE_BYTES_CAP } from "./bytesCap.ts";
import type { Decoded } from "./decode.ts";
import type { Magick } from "./magick.ts";
import type { Picture } from "./pixels.ts";
import { identify, type PictureInfo, problemOf, readPicture } from "./readPicture.ts";
import { centreSquare, type Framing, tileSquares } from "./squares.ts";
import { MAX_TILES } from "./tiles.ts";

const MAX_VIEWS = 16;
/** More would leave no room for a tile of each. */
export const MAX_FRAMES = MAX_VIEWS / 2;
/** Bytes of the canvas of an animation and of what is under a frame: Full HD with room for a frame's file. */
const CANVAS_BYTES = 8 * 2 ** 20;

export interface ViewsSpec extends Framing {
  /** Frames of an animation that are looked at, 1 to MAX_FRAMES; the first, without it. */
  frames?: number;
}

export interface Views extends Picture {
  /** uint8 [V, S, S, 3]; the first square is what `toPixels` gives */
  pixels: Uint8Array<ArrayBuffer>;
  /** that were looked at */
  frames: number;
}

/** Bytes that `toViews` may hold beside the picture's own and the decoder's heap. */
export const viewsRoom = ({ size, frames = 1 }: ViewsSpec): number =>
  // The squares, alone and together.
  2 * (frames > 1 ? MAX_VIEWS : 1 + MAX_TILES) * size * size * 3 + (frames > 1 ? CANVAS_BYTES : 0);

/** @returns indices of `count` frames at most, evenly spaced from the first to the last */
function spread(frames: number, count: number): number[] {
  const chosen = Math.min(frames, count);
  return Array.from({ length: chosen }, (_, at) => (chosen === 1 ? 0 : Math.round((at * (frames - 1)) / (chosen - 1))));
}

/** @returns the squares of each frame that was looked at */
function framesOf(
  magick: Magick,
  bytes: Uint8Array,
  info: PictureInfo,
  framing: Framing,
  frames: number,
): Uint8Array[][] {
  const room = Math.min(CANVAS_BYTES, PICTURE_BYTES_CAP - bytes.length);
  const animation = frames > 1 ? openAnimation(magick, bytes, info, room) : undefined;
  const [, ...later] = spread(animation?.frames ?? 1, frames);
  const maxTiles = Math.min(MAX_TILES, Math.floor(MAX_VIEWS / (1 + later.length)) - 1);
  const squaresOf = (picture: Decoded) => [centreSquare(picture, framing), ...tileSquares(picture, framing, maxTiles)];
  const { squares, exifOrientation } = readPicture(magick, bytes, info, framing.size, (picture) => ({
    squares: squaresOf(picture),
    exifOrientation: picture.exifOrientation,
  }));
  if (!animation || later.length === 0) return [squares];
  const { width, height } = info.header;
  const canvas = new Canvas(width, height);
  const all = [squares];
  try {
    for (const { read } of play(animation, canvas, later, room - canvas.pixels.length))
      all.push(squaresOf({ columns: width, rows: height, exifOrientation, read }));
  } catch (error) {
    throw problemOf(error, info);
  }
  return all;
}

/**
 * Pictures as `toPixels` reads them; of an animation several frames, evenly spaced from the first to the last. One whose
 * canvas is too large, or whose format is not taken apart, shows its first frame only.
 * @throws Problem `unsupported_image`, `image_unreadable`, `image_too_many_pixels`
 */
export function toViews(magick: Magick, bytes: Uint8Array, { frames = 1, ...framing }: ViewsSpec): Views {
  const { size } = framing;
  const info = identify(bytes);
  const seen = framesOf(magick, bytes, info, framing, frames);
  const squares = seen.flat();
  const pixels = new Uint8Array(squares.length * size * size * 3);
  for (const [at, square] of squares.entries()) pixels.set(square, at * square.length);
  const { width, height, animated } = info.header;
  return { pixels, frames: seen.length, format: info.format, width, height, animated };
}
