// Size of an AVIF: the largest `ispe` property in meta/iprp/ipco (ISO 23008-12); tiles and thumbnails are smaller than the whole.
import type { ImageHeader } from "../header.ts";

const box = (name: string): number => [...name].reduce((word, letter) => (word << 8) | letter.charCodeAt(0), 0);
const META = box("meta");
const CONTAINERS = new Set([box("iprp"), box("ipco")]);
const ISPE = box("ispe");
const AVIS = box("avis");

interface Size {
  width: number;
  height: number;
}

function largest(view: DataView, start: number, end: number): Size {
  let best: Size = { width: 0, height: 0 };
  const keep = (size: Size): void => {
    if (size.width * size.height > best.width * best.height) best = size;
  };
  for (let at = start; at + 8 <= end; ) {
    const declared = view.getUint32(at);
    const name = view.getInt32(at + 4);
    const large = declared === 1;
    const length = declared === 0 ? end - at : large ? Number(view.getBigUint64(at + 8)) : declared;
    const body = at + (large ? 16 : 8);
    if (length < body - at) throw new RangeError("a box is shorter than its own header");
    const next = Math.min(at + length, end);
    // `meta` and `ispe` are full boxes: a version and flags come first.
    if (name === META) keep(largest(view, body + 4, next));
    else if (CONTAINERS.has(name)) keep(largest(view, body, next));
    else if (name === ISPE) keep({ width: view.getUint32(body + 4), height: view.getUint32(body + 8) });
    at = next;
  }
  return best;
}

export function readAvifHeader(view: DataView): ImageHeader {
  return { ...largest(view, 0, view.byteLength), animated: view.getInt32(8) === AVIS, variant: "AVIF" };
}
