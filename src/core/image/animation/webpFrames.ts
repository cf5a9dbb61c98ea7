// Where the frames of an animated WebP are (RFC 9649), and each as a file: an ANMF chunk holds what a still WebP holds.
import { DecodeFailed } from "../magick.ts";
import type { Rectangle } from "./animation.ts";

const ANMF = 0x414e4d46;
/** Of an ANMF chunk, before the chunks of its picture. */
const FRAME_HEADER = 16;
/** RIFF, VP8X. */
const FILE_HEADER = 30;
const ALPHA_BIT = 0x10;

const readUint24 = (view: DataView, at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);

export interface WebpFrame extends Rectangle {
  flags: number;
  /** where the chunks of its picture begin and end */
  start: number;
  end: number;
}

/** @param at of the ANMF chunk's content */
export function readFrame(view: DataView, at: number): WebpFrame {
  return {
    x: readUint24(view, at) * 2,
    y: readUint24(view, at + 3) * 2,
    width: readUint24(view, at + 6) + 1,
    height: readUint24(view, at + 9) + 1,
    flags: view.getUint8(at + 15),
    start: at + FRAME_HEADER,
    end: at + view.getUint32(at - 4, true),
  };
}

/**
 * Makes a still WebP of a frame where it lies, without copying it: the header goes over what precedes it, until `use` is done.
 * That the picture has the size that the header says, libwebp checks.
 */
export function withStill<T>(
  bytes: Uint8Array,
  { start, end, width, height }: WebpFrame,
  use: (file: Uint8Array) => T,
): T {
  const file = bytes.subarray(start - FILE_HEADER, end);
  const before = file.slice(0, FILE_HEADER);
  const view = new DataView(file.buffer, file.byteOffset, FILE_HEADER);
  try {
    file.set(new TextEncoder().encode("RIFF----WEBPVP8X"));
    view.setUint32(4, file.length - 8, true);
    view.setUint32(16, 10, true);
    view.setUint32(20, ALPHA_BIT, true);
    view.setUint16(24, (width - 1) & 0xffff, true);
    view.setUint8(26, (width - 1) >> 16);
    view.setUint16(27, (height - 1) & 0xffff, true);
    view.setUint8(29, (height - 1) >> 16);
    return use(file);
  } finally {
    file.set(before);
  }
}

/** Yields where the content of each ANMF chunk begins. */
export function* framesIn(view: DataView): Generator<number, void> {
  for (let at = 12; at + 8 + FRAME_HEADER <= view.byteLength; ) {
    const length = view.getUint32(at + 4, true);
    // There is room for a still's header before the first one: it comes after RIFF, VP8X and ANIM.
    if (view.getUint32(at) === ANMF && at + 8 + FRAME_HEADER >= FILE_HEADER) yield at + 8;
    at += 8 + length + (length & 1);
  }
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * ImageMagick would decode all frames to give the first.
 * @param use takes a still WebP and where it is on the canvas
 * @throws DecodeFailed where there is no frame
 */
export function withFirstFrame<T>(bytes: Uint8Array, use: (file: Uint8Array, place: Rectangle) => T): T {
  const view = viewOf(bytes);
  const { value: at } = framesIn(view).next();
  if (at === undefined) throw new DecodeFailed("The animation has no frame.");
  const frame = readFrame(view, at);
  return withStill(bytes, frame, (file) => use(file, frame));
}
