// The frames of a GIF, decoded here: ImageMagick would keep every frame up to the one that is asked for.
import { DecodeFailed } from "../magick.ts";
import type { Animation, Frame } from "./animation.ts";
import type { Canvas } from "./canvas.ts";
import { colourTable, EXTENSION, gifImages, rectangleOf, skipSubBlocks } from "./gifBlocks.ts";
import { LzwReader } from "./lzw.ts";

const GRAPHIC_CONTROL = 0xf9;
/** By the disposal method of the graphic control extension; 4 is what some encoders write for 3. */
const DISPOSALS: readonly Frame["dispose"][] = ["keep", "keep", "empty", "restore", "restore"];
/** No canvas is as large: a frame of more is made to be skipped. */
const MAX_FRAME_PIXELS = 4e6;

/** First row and step of each pass of an interlaced image, or of the only one. */
const INTERLACED = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;
const PLAIN = [[0, 1]] as const;

interface GifFrame extends Frame {
  interlaced: boolean;
  /** index that leaves what lies under it, or -1 */
  transparent: number;
  /** uint8 [colours, 3] */
  colours: Uint8Array;
  /** where its LZW data begin */
  data: number;
}

function paintFrame(bytes: Uint8Array, frame: GifFrame, canvas: Canvas): void {
  const { x, y, width, height, interlaced, transparent, colours, data } = frame;
  if (width * height > MAX_FRAME_PIXELS) throw new DecodeFailed("A frame is larger than any canvas.");
  const shown = canvas.clip(frame);
  const reader = new LzwReader(bytes, data);
  const indices = new Uint8Array(width);
  for (const [first, step] of interlaced ? INTERLACED : PLAIN) {
    for (let row = first; row < height; row += step) {
      const count = reader.read(indices);
      const end = row < shown.height ? Math.min(count, shown.width) : 0;
      let to = canvas.at(x, y + row);
      for (let column = 0; column < end; column++, to += 3) {
        const index = indices[column] ?? 0;
        const from = index * 3;
        if (index === transparent || from >= colours.length) continue;
        canvas.pixels[to] = colours[from] ?? 0;
        canvas.pixels[to + 1] = colours[from + 1] ?? 0;
        canvas.pixels[to + 2] = colours[from + 2] ?? 0;
      }
      if (count < width) return;
    }
  }
}

/** @param start of its extensions */
function readFrame(bytes: Uint8Array, view: DataView, start: number): GifFrame {
  let at = start;
  let control = 0;
  let transparent = -1;
  while (view.getUint8(at) === EXTENSION) {
    if (view.getUint8(at + 1) === GRAPHIC_CONTROL) {
      control = view.getUint8(at + 3);
      transparent = control & 1 ? view.getUint8(at + 6) : -1;
    }
    at = skipSubBlocks(view, at + 2);
  }
  const packed = view.getUint8(at + 9);
  const local = colourTable(packed);
  const [table, length] = local > 0 ? [at + 10, local] : [13, colourTable(view.getUint8(10))];
  const frame: GifFrame = {
    ...rectangleOf(view, at),
    dispose: DISPOSALS[(control >> 2) & 7] ?? "keep",
    // Its data may end early, and what lies under the rest is still seen.
    opaque: false,
    interlaced: (packed & 0x40) !== 0,
    transparent,
    colours: bytes.subarray(table, table + length),
    data: at + 10 + local,
    paint: (canvas) => paintFrame(bytes, frame, canvas),
  };
  return frame;
}

/** @param maxFrames the ones after that are never seen */
export function openGif(bytes: Uint8Array, maxFrames: number): Animation {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts: number[] = [];
  for (const start of gifImages(view)) if (starts.push(start) === maxFrames) break;
  return {
    frames: starts.length,
    frame: (index) => {
      const start = starts[index];
      if (start === undefined) throw new RangeError("There is no such frame.");
      return readFrame(bytes, view, start);
    },
  };
}
