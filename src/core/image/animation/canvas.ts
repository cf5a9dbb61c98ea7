// What the frames of an animation are painted on: RGB over white.
import type { ReadRows } from "../resize.ts";
import { scratch } from "../scratch.ts";
import type { Rectangle } from "./animation.ts";

/** Bytes of a pixel. */
export const CANVAS_PIXEL = 3;

export class Canvas {
  readonly width: number;
  readonly height: number;
  /** uint8 [height, width, 3] */
  readonly pixels: Uint8Array;
  readonly #held = scratch();

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint8Array(width * height * CANVAS_PIXEL).fill(255);
  }

  /** The part of a rectangle that is on the canvas. */
  clip({ x, y, width, height }: Rectangle): Rectangle {
    return {
      x,
      y,
      width: Math.max(0, Math.min(width, this.width - x)),
      height: Math.max(0, Math.min(height, this.height - y)),
    };
  }

  /** A rectangle on the canvas. */
  read: ReadRows = (x, y, columns, rows) => {
    const copy = this.#held(columns * rows * 3);
    for (let row = 0; row < rows; row++) {
      const from = this.at(x, y + row);
      copy.set(this.pixels.subarray(from, from + columns * 3), row * columns * 3);
    }
    return copy;
  };

  /** @param pixels uint8 [height, width, 3] of the rectangle, which is on the canvas; without them it becomes white */
  write({ x, y, width, height }: Rectangle, pixels?: Uint8Array): void {
    for (let row = 0; row < height; row++) {
      const to = this.at(x, y + row);
      if (pixels) this.pixels.set(pixels.subarray(row * width * 3, (row + 1) * width * 3), to);
      else this.pixels.fill(255, to, to + width * 3);
    }
  }

  /** Where a pixel is in `pixels`. */
  at(x: number, y: number): number {
    return (y * this.width + x) * CANVAS_PIXEL;
  }
}
