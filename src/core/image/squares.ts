// A decoded picture as upright squares of S pixels: the centre crop, and the tiles around it.
import { type Crop, centreCrop } from "./crop.ts";
import type { Decoded } from "./decode.ts";
import { mirror, type Orientation, orientationOf, transpose } from "./orientation.ts";
import { type ReadRows, resizeCrop } from "./resize.ts";
import { tilesOf } from "./tiles.ts";

/** Rows and columns are in place, what is mirrored still is. */
interface Turned {
  read: ReadRows;
  crop: Crop;
  orientation: Orientation;
}

function turn({ columns, rows, exifOrientation, read }: Decoded, size: number): Turned {
  const orientation = orientationOf(exifOrientation);
  return orientation.transposed
    ? { read: transpose(read), crop: centreCrop(rows, columns, size, orientation), orientation }
    : { read, crop: centreCrop(columns, rows, size, orientation), orientation };
}

/** The horizontal pass keeps all rows that the vertical one reads: squashed columns are turned, so that this stays little. */
function tileSquare(read: ReadRows, { x, y }: Crop, size: number): Uint8Array {
  if (y.length / y.resized <= x.length / x.resized) return resizeCrop(read, x, y, size);
  const turned = resizeCrop(transpose(read), y, x, size);
  return transpose(() => turned)(0, 0, size, size);
}

/** @returns uint8 [S, S, 3]: the shorter side resized to S, the centre cropped */
export function centreSquare(picture: Decoded, size: number): Uint8Array {
  const { read, crop, orientation } = turn(picture, size);
  return mirror(resizeCrop(read, crop.x, crop.y, size), size, orientation);
}

/** @returns each uint8 [S, S, 3], from left to right or from top to bottom */
export function tileSquares(picture: Decoded, size: number, maxTiles: number): Uint8Array[] {
  const { read, crop, orientation } = turn(picture, size);
  return tilesOf(crop, size, maxTiles, orientation).map((tile) =>
    mirror(tileSquare(read, tile, size), size, orientation),
  );
}
