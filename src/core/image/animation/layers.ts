// Frames that are still pictures inside the file: each is made a file of its own and laid over the canvas.
import { decodeLayer, type Layer } from "../decode.ts";
import { DecodeFailed, type Magick } from "../magick.ts";
import type { Rectangle } from "./animation.ts";
import type { Canvas } from "./canvas.ts";

/** Pixels of a layer held at once, beside the canvas. */
const STRIP_PIXELS = 65_536;

/** @param replaces the layer's transparency is taken over, which is white here, else it is laid over what is there */
function layOver(canvas: Canvas, { x, y, width, height }: Rectangle, layer: Layer, replaces: boolean): void {
  const step = Math.max(1, Math.floor(STRIP_PIXELS / width));
  for (let top = 0; top < height; top += step) {
    const rows = Math.min(step, height - top);
    const strip = layer.read(0, top, width, rows);
    for (let row = 0, from = 0; row < rows; row++) {
      for (let to = canvas.at(x, y + top + row), end = to + width * 3; to < end; from++) {
        const alpha = strip[from + 3] ?? 255;
        for (let c = 0; c < 3; c++, to++, from++) {
          const under = replaces ? 255 : (canvas.pixels[to] ?? 255);
          canvas.pixels[to] = Math.round(((strip[from] ?? 0) * alpha + under * (255 - alpha)) / 255);
        }
      }
    }
  }
}

export interface LayerFrame extends Rectangle {
  replaces: boolean;
}

/**
 * @param file of as many pixels as the frame's rectangle has
 * @throws RangeError where the frame is not on the canvas, which WebP and PNG forbid; DecodeFailed, HeapExhausted
 */
export function paintLayer(
  magick: Magick,
  canvas: Canvas,
  frame: LayerFrame,
  file: Uint8Array,
  format: "png" | "webp",
): void {
  const { x, y, width, height, replaces } = frame;
  if (x + width > canvas.width || y + height > canvas.height) throw new RangeError("The frame is not on its canvas.");
  magick.run(() =>
    decodeLayer(file, format, (layer) => {
      if (layer.columns !== width || layer.rows !== height) throw new DecodeFailed("The frame has another size.");
      layOver(canvas, frame, layer, replaces);
    }),
  );
}
