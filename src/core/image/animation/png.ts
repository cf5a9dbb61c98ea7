// The frames of an animated PNG (PNG, third edition, 11.3.2): the data from one fcTL chunk to the next are a still PNG's.
import { HeapExhausted, type Magick } from "../magick.ts";
import type { Animation, Frame } from "./animation.ts";
import { paintLayer } from "./layers.ts";

const SIGNATURE = 8;
const IHDR_CHUNK = 25;
/** Length, name and CRC of a chunk. */
const AROUND = 12;
const FCTL = 0x6663544c;
const FDAT = 0x66644154;
const IDAT = 0x49444154;
const IEND = 0x49454e44;
const PLTE = 0x504c5445;
const TRNS = 0x74524e53;

const DISPOSALS: readonly Frame["dispose"][] = ["keep", "empty", "restore"];
const BLEND_OVER = 1;

/** The default image where it is not part of the animation: on a canvas of its own. */
const APART: Frame = { x: 0, y: 0, width: 0, height: 0, dispose: "keep", opaque: false, paint: () => {} };

interface Chunk {
  name: number;
  data: Uint8Array;
  /** where the next one begins */
  end: number;
}

/** Yields the chunks that are whole. */
function* chunksFrom(bytes: Uint8Array, view: DataView, start: number): Generator<Chunk, void> {
  for (let at = start; at + AROUND <= view.byteLength; ) {
    const length = view.getUint32(at);
    const end = at + AROUND + length;
    if (end > view.byteLength) return;
    yield { name: view.getUint32(at + 4), data: bytes.subarray(at + 8, at + 8 + length), end };
    at = end;
  }
}

type Part = Pick<Chunk, "name" | "data">;

/** Writes a chunk without its CRC: the decoder of layers does not look at it. @returns where the next one goes */
function put(file: Uint8Array, at: number, { name, data }: Part): number {
  const view = new DataView(file.buffer);
  view.setUint32(at, data.length);
  view.setUint32(at + 4, name);
  file.set(data, at + 8);
  return at + AROUND + data.length;
}

interface Source {
  bytes: Uint8Array;
  view: DataView;
  /** PLTE and tRNS, where there are any */
  colours: readonly Part[];
  maxBytes: number;
}

/** @param start behind the fcTL chunk; yields the data of the frame as a still PNG has them */
function* dataFrom(bytes: Uint8Array, view: DataView, start: number): Generator<Part, void> {
  for (const { name, data } of chunksFrom(bytes, view, start)) {
    if (name === FCTL || name === IEND) return;
    // What precedes the data of an fdAT chunk is its number in the animation.
    if (name === FDAT) yield { name: IDAT, data: data.subarray(4) };
    if (name === IDAT) yield { name, data };
  }
}

/** @param start behind the fcTL chunk; @returns a still PNG */
function stillOf({ bytes, view, colours, maxBytes }: Source, start: number, width: number, height: number): Uint8Array {
  const sizeOf = (sum: number, { data }: Part) => sum + AROUND + data.length;
  let length = colours.reduce(sizeOf, SIGNATURE + IHDR_CHUNK + AROUND);
  // Twice over, since a list of a million empty chunks would take more than the file.
  for (const part of dataFrom(bytes, view, start)) length = sizeOf(length, part);
  if (length > maxBytes) throw new HeapExhausted("The frame takes more memory than there is.");
  const file = new Uint8Array(length);
  file.set(bytes.subarray(0, SIGNATURE + IHDR_CHUNK));
  new DataView(file.buffer).setUint32(SIGNATURE + 8, width);
  new DataView(file.buffer).setUint32(SIGNATURE + 12, height);
  let at = SIGNATURE + IHDR_CHUNK;
  for (const part of colours) at = put(file, at, part);
  for (const part of dataFrom(bytes, view, start)) at = put(file, at, part);
  put(file, at, { name: IEND, data: new Uint8Array() });
  return file;
}

/** @param end of the fcTL chunk */
function readFrame(magick: Magick, source: Source, end: number): Frame {
  const { view } = source;
  const at = end - 30; // 26 bytes of data, then the CRC
  const rectangle = {
    width: view.getUint32(at + 4),
    height: view.getUint32(at + 8),
    x: view.getUint32(at + 12),
    y: view.getUint32(at + 16),
  };
  const { width, height } = rectangle;
  const replaces = view.getUint8(at + 25) !== BLEND_OVER;
  return {
    ...rectangle,
    dispose: DISPOSALS[view.getUint8(at + 24)] ?? "keep",
    opaque: replaces,
    paint: (canvas) =>
      paintLayer(magick, canvas, { ...rectangle, replaces }, stillOf(source, end, width, height), "png"),
  };
}

/**
 * @param maxFrames the ones after that are never seen
 * @param maxBytes of one frame's file
 */
export function openPng(magick: Magick, bytes: Uint8Array, maxFrames: number, maxBytes: number): Animation {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const colours = new Map<number, Part>();
  const ends: number[] = [];
  let apart = false;
  for (const { name, data, end } of chunksFrom(bytes, view, SIGNATURE + IHDR_CHUNK)) {
    if (name === PLTE || name === TRNS) colours.set(name, { name, data });
    if (name === IDAT && ends.length === 0) apart = true;
    if (name === FCTL && data.length === 26 && ends.push(end) === maxFrames) break;
  }
  const source = { bytes, view, colours: [...colours.values()], maxBytes };
  return {
    frames: ends.length + (apart ? 1 : 0),
    frame: (index) => {
      if (apart && index === 0) return APART;
      const end = ends[apart ? index - 1 : index];
      if (end === undefined) throw new RangeError("There is no such frame.");
      return readFrame(magick, source, end);
    },
  };
}
