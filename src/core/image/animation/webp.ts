// The frames of an animated WebP (RFC 9649): each ANMF chunk holds what a still WebP holds.
import type { Magick } from "../magick.ts";
import type { Animation, Frame } from "./animation.ts";
import { paintLayer } from "./layers.ts";

const ANMF = 0x414e4d46;
/** Of an ANMF chunk, before the chunks of its picture. */
const FRAME_HEADER = 16;
const DISPOSE_BIT = 0x01;
const REPLACE_BIT = 0x02;
/** RIFF, VP8X. */
const FILE_HEADER = 30;
const ALPHA_BIT = 0x10;

const readUint24 = (view: DataView, at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);

/** @returns a still WebP; that its picture has the size that VP8X says, libwebp checks */
function stillOf(chunks: Uint8Array, width: number, height: number): Uint8Array {
  const file = new Uint8Array(FILE_HEADER + chunks.length);
  const view = new DataView(file.buffer);
  file.set(new TextEncoder().encode("RIFF----WEBPVP8X"));
  view.setUint32(4, file.length - 8, true);
  view.setUint32(16, 10, true);
  view.setUint8(20, ALPHA_BIT);
  view.setUint16(24, (width - 1) & 0xffff, true);
  view.setUint8(26, (width - 1) >> 16);
  view.setUint16(27, (height - 1) & 0xffff, true);
  view.setUint8(29, (height - 1) >> 16);
  file.set(chunks, FILE_HEADER);
  return file;
}

/** @param at of the ANMF chunk's content */
function readFrame(magick: Magick, bytes: Uint8Array, view: DataView, at: number, maxBytes: number): Frame {
  const length = view.getUint32(at - 4, true);
  const flags = view.getUint8(at + 15);
  const rectangle = {
    x: readUint24(view, at) * 2,
    y: readUint24(view, at + 3) * 2,
    width: readUint24(view, at + 6) + 1,
    height: readUint24(view, at + 9) + 1,
  };
  const replaces = (flags & REPLACE_BIT) !== 0;
  const file = () => {
    if (length > maxBytes) throw new RangeError("The frame takes more memory than there is.");
    const chunks = bytes.subarray(at + FRAME_HEADER, at + length);
    return stillOf(chunks, rectangle.width, rectangle.height);
  };
  return {
    ...rectangle,
    dispose: flags & DISPOSE_BIT ? "empty" : "keep",
    opaque: replaces,
    paint: (canvas) => paintLayer(magick, canvas, { ...rectangle, replaces, file }, "webp"),
  };
}

/**
 * @param maxFrames the ones after that are never seen
 * @param maxBytes of one frame's file
 */
export function openWebp(magick: Magick, bytes: Uint8Array, maxFrames: number, maxBytes: number): Animation {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts: number[] = [];
  for (let at = 12; at + 8 + FRAME_HEADER <= view.byteLength && starts.length < maxFrames; ) {
    const length = view.getUint32(at + 4, true);
    if (view.getUint32(at) === ANMF) starts.push(at + 8);
    at += 8 + length + (length & 1);
  }
  return {
    frames: starts.length,
    frame: (index) => {
      const start = starts[index];
      if (start === undefined) throw new RangeError("There is no such frame.");
      return readFrame(magick, bytes, view, start, maxBytes);
    },
  };
}
