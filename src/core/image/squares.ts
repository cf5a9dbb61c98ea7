// A decoded picture as upright squares of S pixels: the centre crop, and the tiles around it.
import { type Crop, centreCrop, type Resize } from "./crop.ts";
import type { Decoded } from "./decode.ts";
import { mirror, type Orientation, orientationOf, transpose } from "./orientation.ts";
import { type Interpolation, type ReadRows, resizeCrop } from "./resize.ts";
import { tilesOf } from "./tiles.ts";

/** How pixels become a model's square. */
export interface Framing {
  /** S, the side of the model's square in pixels */
  size: number;
  /** `shortest`, without it: the shorter side becomes S, the centre is kept. `squash`: the whole picture becomes S x S. */
  resize?: Resize | undefined;
  /** `bicubic`, without it. */
  interpolation?: Interpolation | undefined;
}

/** Bytes of rows already narrowed; a squashed picture may be very long. */
const NARROW_BYTES = 8 * 2 ** 20;

/** Rows and columns are in place, what is mirrored still is. */
interface Turned {
  read: ReadRows;
  crop: Crop;
  orientation: Orientation;
}

function turn({ columns, rows, exifOrientation, read }: Decoded, { size, resize }: Framing): Turned {
  const orientation = orientationOf(exifOrientation);
  return orientation.transposed
    ? { read: transpose(read), crop: centreCrop(rows, columns, size, orientation, resize), orientation }
    : { read, crop: centreCrop(columns, rows, size, orientation, resize), orientation };
}

/** The horizontal pass keeps all rows that the vertical one reads: squashed columns are turned, so that this stays little. */
function tileSquare(read: ReadRows, { x, y }: Crop, { size, interpolation }: Framing): Uint8Array {
  if (y.length / y.resized <= x.length / x.resized) return resizeCrop(read, x, y, size, interpolation);
  const turned = resizeCrop(transpose(read), y, x, size, interpolation);
  return transpose(() => turned)(0, 0, size, size);
}

/** @returns uint8 [S, S, 3]: the shorter side resized to S, the centre cropped; or the whole picture, squashed */
export function centreSquare(picture: Decoded, framing: Framing): Uint8Array {
  const { size, resize, interpolation } = framing;
  const { read, crop, orientation } = turn(picture, framing);
  const long = resize === "squash" && crop.y.length * size * 3 > NARROW_BYTES;
  const square = long ? tileSquare(read, crop, framing) : resizeCrop(read, crop.x, crop.y, size, interpolation);
  return mirror(square, size, orientation);
}

/** @returns each uint8 [S, S, 3], from left to right or from top to bottom; none of a squashed picture, which shows all */
export function tileSquares(picture: Decoded, framing: Framing, maxTiles: number): Uint8Array[] {
  const { size } = framing;
  const { read, crop, orientation } = turn(picture, framing);
  return tilesOf(crop, size, maxTiles, orientation).map((tile) =>
    mirror(tileSquare(read, tile, framing), size, orientation),
  );
}
