// An animated WebP to play.
import type { Magick } from "../magick.ts";
import type { Animation } from "./animation.ts";
import { paintLayer } from "./layers.ts";
import { framesIn, readFrame, viewOf, withStill } from "./webpFrames.ts";

const DISPOSE_BIT = 0x01;
const REPLACE_BIT = 0x02;

/** @param maxFrames the ones after that are never seen */
export function openWebp(magick: Magick, bytes: Uint8Array, maxFrames: number): Animation {
  const view = viewOf(bytes);
  const starts: number[] = [];
  for (const start of framesIn(view)) if (starts.push(start) === maxFrames) break;
  return {
    frames: starts.length,
    frame: (index) => {
      const start = starts[index];
      if (start === undefined) throw new RangeError("There is no such frame.");
      const frame = readFrame(view, start);
      const replaces = (frame.flags & REPLACE_BIT) !== 0;
      return {
        ...frame,
        dispose: frame.flags & DISPOSE_BIT ? "empty" : "keep",
        opaque: replaces,
        paint: (canvas) =>
          withStill(bytes, frame, (file) => paintLayer(magick, canvas, { ...frame, replaces }, file, "webp")),
      };
    },
  };
}
