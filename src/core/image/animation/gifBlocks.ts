// The blocks of a GIF (GIF89a, appendix A): where its images are, without decoding any.
import type { Rectangle } from "./animation.ts";

export const EXTENSION = 0x21;
const IMAGE = 0x2c;

/** Bytes of the colour table that a packed field announces. */
export const colourTable = (packed: number): number => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0);

/** @param at the first sub-block; @returns where the block after the last one begins */
export function skipSubBlocks(view: DataView, at: number): number {
  let next = at;
  for (let length = view.getUint8(next++); length > 0; length = view.getUint8(next++)) next += length;
  return next;
}

/** @param start where the extensions of an image begin; @returns where its descriptor does */
export function imageDescriptor(view: DataView, start: number): number {
  let at = start;
  while (view.getUint8(at) === EXTENSION) at = skipSubBlocks(view, at + 2);
  return at;
}

/** @param at of the descriptor */
export const rectangleOf = (view: DataView, at: number): Rectangle => ({
  x: view.getUint16(at + 1, true),
  y: view.getUint16(at + 3, true),
  width: view.getUint16(at + 5, true),
  height: view.getUint16(at + 7, true),
});

/**
 * Yields where each image begins with its extensions. A GIF that is cut off has the images that begin before that.
 * @param view the whole file
 */
export function* gifImages(view: DataView): Generator<number, void> {
  try {
    let at = 13 + colourTable(view.getUint8(10));
    for (let start = at; ; ) {
      const block = view.getUint8(at);
      if (block === EXTENSION) at = skipSubBlocks(view, at + 2);
      else if (block === IMAGE) {
        const data = at + 10 + colourTable(view.getUint8(at + 9));
        yield start;
        at = skipSubBlocks(view, data + 1);
        start = at;
      } else return;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}
