// Size of a TIFF, from tags 256 and 257 of its first directory.
import type { ImageHeader } from "../header.ts";

const WIDTH = 256;
const HEIGHT = 257;
const SHORT = 3;

export function readTiffHeader(view: DataView): ImageHeader {
  const little = view.getUint8(0) === 0x49;
  const header: ImageHeader = { width: 0, height: 0, animated: false, variant: "TIFF" };
  const directory = view.getUint32(4, little);
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    const tag = view.getUint16(at, little);
    if (tag > HEIGHT) break;
    const value =
      view.getUint16(at + 2, little) === SHORT ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
    if (tag === WIDTH) header.width = value;
    if (tag === HEIGHT) header.height = value;
  }
  return header;
}
