// Which square of a resized picture a model sees: torchvision's Resize(size) of the shorter side, then CenterCrop(size); or
// the whole picture, squashed.
import type { Orientation } from "./orientation.ts";

/** One axis: its length before, its length resized, and where the square begins in the resized one. */
export interface Axis {
  length: number;
  resized: number;
  offset: number;
}

/** A square of the resized picture. */
export interface Crop {
  x: Axis;
  y: Axis;
}

/** Python's round(): halves go to the even neighbour. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const half = value - floor === 0.5;
  return half ? floor + (floor & 1) : Math.round(value);
}

/** How a picture of any shape becomes a square. */
export type Resize = "shortest" | "squash";

/**
 * @param columns, rows the size before resizing, transposed where the orientation says so, not yet mirrored
 * @param size S, the side of the square
 */
export function centreCrop(
  columns: number,
  rows: number,
  size: number,
  orientation: Orientation,
  resize: Resize = "shortest",
): Crop {
  if (resize === "squash") {
    const whole = (length: number): Axis => ({ length, resized: size, offset: 0 });
    return { x: whole(columns), y: whole(rows) };
  }
  const shorter = Math.min(columns, rows);
  const axis = (length: number, mirrored: boolean): Axis => {
    // torchvision: `int(size * long / short)`, and `int(round((length - size) / 2.0))`, in the upright picture.
    const resized = length === shorter ? size : Math.trunc((size * length) / shorter);
    const offset = roundHalfToEven((resized - size) / 2);
    return { length, resized, offset: mirrored ? resized - size - offset : offset };
  };
  return { x: axis(columns, orientation.mirrorX), y: axis(rows, orientation.mirrorY) };
}
