// What a moving picture is to who plays it, whatever its format.
import type { Canvas } from "./canvas.ts";

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Frame extends Rectangle {
  /** What becomes of its rectangle before the next frame: it stays, is emptied, or is as it was before this frame. */
  dispose: "keep" | "empty" | "restore";
  /** Nothing that lay under its rectangle shows through. */
  opaque: boolean;
  /** @throws DecodeFailed, HeapExhausted or RangeError where it is damaged */
  paint(canvas: Canvas): void;
}

export interface Animation {
  frames: number;
  /** Of this frame only its header is read. @throws RangeError where it is damaged */
  frame(index: number): Frame;
}
