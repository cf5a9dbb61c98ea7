// The frames of an animated PNG (PNG, third edition, 11.3.2): the data from one fcTL chunk to the next are a still PNG's.
import { HeapExhausted, type Magick } from "../magick.ts";
import type { Animation, Frame } from "./animation.ts";
import { paintLayer } from "./layers.ts";

const SIGNATURE = 8;
const IHDR_CHUNK = 25;
/** Length, name and CRC of a chunk. */
const AROUND = 12;
const CRC = 4;
const FCTL = 0x6663544c;
const FCTL_DATA = 26;
const FDAT = 0x66644154;
const IDAT = 0x49444154;
const IEND = 0x49454e44;
const PLTE = 0x504c5445;
const TRNS = 0x74524e53;

const DISPOSALS: readonly Frame["dispose"][] = ["keep", "empty", "restore"];
const BLEND_OVER = 1;

/** The default image where it is not part of the animation: on a canvas of its own. */
const APART: Frame = { x: 0, y: 0, width: 0, height: 0, dispose: "keep", opaque: false, paint: () => {} };

/** Where its data lies in the file. A file may have a million chunks: no view is made of one before it is needed. */
interface Chunk {
  name: number;
  from: number;
  to: number;
}

/** Yields the chunks that are whole. */
function* chunksFrom(view: DataView, start: number): Generator<Chunk, void> {
  for (let at = start; at + AROUND <= view.byteLength; ) {
    const end = at + AROUND + view.getUint32(at);
    if (end > view.byteLength) return;
    yield { name: view.getUint32(at + 4), from: at + 8, to: end - CRC };
    at = end;
  }
}

interface Source {
  bytes: Uint8Array;
  view: DataView;
  /** PLTE and tRNS, where there are any */
  colours: readonly Chunk[];
  maxBytes: number;
}

/** Yields what a still PNG has behind its IHDR. */
function* partsOf({ view, colours }: Source, start: number): Generator<Chunk, void> {
  yield* colours;
  for (const { name, from, to } of chunksFrom(view, start)) {
    if (name === FCTL || name === IEND) break;
    // What precedes the data of an fdAT chunk is its number in the animation.
    if (name === FDAT) yield { name: IDAT, from: Math.min(from + 4, to), to };
    if (name === IDAT) yield { name, from, to };
  }
  yield { name: IEND, from: 0, to: 0 };
}

/** @param start behind the fcTL chunk; @returns a still PNG */
function stillOf(source: Source, start: number, width: number, height: number): Uint8Array {
  let length = SIGNATURE + IHDR_CHUNK;
  for (const { from, to } of partsOf(source, start)) length += AROUND + to - from;
  if (length > source.maxBytes) throw new HeapExhausted("The frame takes more memory than there is.");
  const file = new Uint8Array(length);
  const view = new DataView(file.buffer);
  file.set(source.bytes.subarray(0, SIGNATURE + IHDR_CHUNK));
  view.setUint32(SIGNATURE + 8, width);
  view.setUint32(SIGNATURE + 12, height);
  let at = SIGNATURE + IHDR_CHUNK;
  for (const { name, from, to } of partsOf(source, start)) {
    view.setUint32(at, to - from);
    view.setUint32(at + 4, name);
    file.set(source.bytes.subarray(from, to), at + 8);
    // The CRC stays 0: the decoder of layers does not look at it.
    at += AROUND + to - from;
  }
  return file;
}

/** @param at where the data of the fcTL chunk begins */
function readFrame(magick: Magick, source: Source, at: number): Frame {
  const { view } = source;
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
      paintLayer(magick, canvas, { ...rectangle, replaces }, stillOf(source, at + FCTL_DATA + CRC, width, height), "png"),
  };
}

/**
 * @param maxFrames the ones after that are never seen
 * @param maxBytes of one frame's file
 */
export function openPng(magick: Magick, bytes: Uint8Array, maxFrames: number, maxBytes: number): Animation {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const colours = new Map<number, Chunk>();
  const controls: number[] = [];
  let apart = false;
  for (const chunk of chunksFrom(view, SIGNATURE + IHDR_CHUNK)) {
    const { name, from, to } = chunk;
    if (name === PLTE || name === TRNS) colours.set(name, chunk);
    if (name === IDAT && controls.length === 0) apart = true;
    if (name === FCTL && to - from === FCTL_DATA && controls.push(from) === maxFrames) break;
  }
  const source = { bytes, view, colours: [...colours.values()], maxBytes };
  return {
    frames: controls.length + (apart ? 1 : 0),
    frame: (index) => {
      if (apart && index === 0) return APART;
      const at = controls[apart ? index - 1 : index];
      if (at === undefined) throw new RangeError("There is no such frame.");
      return readFrame(magick, source, at);
    },
  };
}
