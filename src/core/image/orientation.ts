// The eight EXIF orientations as what they are: rows and columns change places, then the square is mirrored.
import type { ReadRows } from "./resize.ts";
import { scratch } from "./scratch.ts";

export interface Orientation {
  /** rows and columns change places; the two mirrorings are meant after that */
  transposed: boolean;
  mirrorX: boolean;
  mirrorY: boolean;
}

const TRANSPOSED = new Set([5, 6, 7, 8]);
const MIRROR_X = new Set([2, 3, 6, 7]);
const MIRROR_Y = new Set([3, 4, 7, 8]);

/** @param exif EXIF tag 0x0112; anything but 2 to 8 is upright */
export function orientationOf(exif: number): Orientation {
  return { transposed: TRANSPOSED.has(exif), mirrorX: MIRROR_X.has(exif), mirrorY: MIRROR_Y.has(exif) };
}

/** A reader of the transposed picture: its rows are the stored picture's columns. */
export function transpose(read: ReadRows): ReadRows {
  const held = scratch();
  return (x, y, columns, rows) => {
    const stored = read(y, x, rows, columns);
    const turned = held(stored.length);
    let to = 0;
    for (let row = 0; row < rows; row++) {
      for (let from = row * 3; from < stored.length; from += rows * 3) {
        turned[to++] = stored[from] ?? 0;
        turned[to++] = stored[from + 1] ?? 0;
        turned[to++] = stored[from + 2] ?? 0;
      }
    }
    return turned;
  };
}

/** @param square uint8 [S, S, 3]; @returns the same, mirrored */
export function mirror(square: Uint8Array, size: number, { mirrorX, mirrorY }: Orientation): Uint8Array {
  if (!mirrorX && !mirrorY) return square;
  const shown = new Uint8Array(square.length);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = ((mirrorY ? size - 1 - y : y) * size + (mirrorX ? size - 1 - x : x)) * 3;
      shown.set(square.subarray(from, from + 3), (y * size + x) * 3);
    }
  }
  return shown;
}
