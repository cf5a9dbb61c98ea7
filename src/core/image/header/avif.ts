// Size of an AVIF and whether it moves. Size: the largest `ispe` property in meta/iprp/ipco (ISO 23008-12); tiles and thumbnails are smaller than the whole.
import type { ImageHeader } from "../header.ts";

const box = (name: string): number => [...name].reduce((word, letter) => (word << 8) | letter.charCodeAt(0), 0);
const META = box("meta");
const CONTAINERS = new Set([box("iprp"), box("ipco")]);
const ISPE = box("ispe");
const AVIS = box("avis");
const MOOV = box("moov");

interface Size {
  width: number;
  height: number;
}

interface Box {
  name: number;
  /** where its content begins and ends */
  body: number;
  end: number;
}

function* boxes(view: DataView, start: number, end: number): Generator<Box, void> {
  for (let at = start; at + 8 <= end; ) {
    const declared = view.getUint32(at);
    const large = declared === 1;
    const length = declared === 0 ? end - at : large ? Number(view.getBigUint64(at + 8)) : declared;
    const body = at + (large ? 16 : 8);
    if (length < body - at) throw new RangeError("a box is shorter than its own header");
    const next = Math.min(at + length, end);
    yield { name: view.getInt32(at + 4), body, end: next };
    at = next;
  }
}

function largest(view: DataView, start: number, end: number): Size {
  let best: Size = { width: 0, height: 0 };
  const keep = (size: Size): void => {
    if (size.width * size.height > best.width * best.height) best = size;
  };
  for (const { name, body, end: next } of boxes(view, start, end)) {
    // `meta` and `ispe` are full boxes: a version and flags come first.
    if (name === META) keep(largest(view, body + 4, next));
    else if (CONTAINERS.has(name)) keep(largest(view, body, next));
    else if (name === ISPE) keep({ width: view.getUint32(body + 4), height: view.getUint32(body + 8) });
  }
  return best;
}

/** Whether some viewer plays it: it has the brand of sequences, first or among the compatible ones, or a movie beside its picture. */
function moves(view: DataView): boolean {
  const end = Math.min(view.getUint32(0), view.byteLength);
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) if (view.getInt32(at) === AVIS) return true;
  for (const { name } of boxes(view, 0, view.byteLength)) if (name === MOOV) return true;
  return false;
}

export function readAvifHeader(view: DataView): ImageHeader {
  return { ...largest(view, 0, view.byteLength), animated: moves(view), variant: "AVIF" };
}
