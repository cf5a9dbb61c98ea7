// Which frames of a moving picture can be looked at: those of formats that are taken apart here, while the canvas fits.
import type { Magick } from "../magick.ts";
import type { PictureInfo } from "../readPicture.ts";
import type { Animation } from "./animation.ts";
import { CANVAS_PIXEL } from "./canvas.ts";
import { openGif } from "./gif.ts";
import { openPng } from "./png.ts";
import { openWebp } from "./webp.ts";

/** At 50 frames a second this is a quarter of an hour. */
const MAX_FRAMES = 50_000;

/**
 * @param room bytes that may be held beside the picture's own
 * @returns undefined where only the first frame can be looked at
 */
export function openAnimation(
  magick: Magick,
  bytes: Uint8Array,
  { format, header }: PictureInfo,
  room: number,
): Animation | undefined {
  if (!header.animated) return undefined;
  const spare = room - header.width * header.height * CANVAS_PIXEL;
  if (spare < 0) return undefined;
  if (format === "gif") return openGif(bytes, MAX_FRAMES);
  if (format === "webp") return openWebp(magick, bytes, MAX_FRAMES);
  return format === "png" ? openPng(magick, bytes, MAX_FRAMES, spare) : undefined;
}
