// Size of a TIFF, from its first directory, and whether others hold pictures that are not seen here.
import type { ImageHeader } from "../header.ts";

const SUBFILE_TYPE = 254;
const WIDTH = 256;
const HEIGHT = 257;
const SHORT = 3;
/** Of a subfile type: a smaller version of another image, or its mask. */
const NOT_A_PAGE = 0b101;
/** More directories are pages enough, or lead in a circle. */
const MAX_DIRECTORIES = 64;

interface Directory {
  width: number;
  height: number;
  subfileType: number;
  /** 0 after the last */
  next: number;
}

function readDirectory(view: DataView, start: number, little: boolean): Directory {
  const directory: Directory = { width: 0, height: 0, subfileType: 0, next: 0 };
  const entries = view.getUint16(start, little);
  for (let i = 0; i < entries; i++) {
    const at = start + 2 + 12 * i;
    const tag = view.getUint16(at, little);
    if (tag > HEIGHT) break;
    const value =
      view.getUint16(at + 2, little) === SHORT ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
    if (tag === SUBFILE_TYPE) directory.subfileType = value;
    if (tag === WIDTH) directory.width = value;
    if (tag === HEIGHT) directory.height = value;
  }
  const end = start + 2 + 12 * entries;
  if (end + 4 <= view.byteLength) directory.next = view.getUint32(end, little);
  return directory;
}

/** @param first offset of the directory after the first */
function hasPages(view: DataView, first: number, little: boolean): boolean {
  let at = first;
  for (let count = 0; at !== 0 && at + 2 <= view.byteLength; count++) {
    if (count === MAX_DIRECTORIES) return true;
    const { subfileType, next } = readDirectory(view, at, little);
    if ((subfileType & NOT_A_PAGE) === 0) return true;
    at = next;
  }
  return false;
}

/** Pages count as frames. */
export function readTiffHeader(view: DataView): ImageHeader {
  const little = view.getUint8(0) === 0x49;
  const { width, height, next } = readDirectory(view, view.getUint32(4, little), little);
  return { width, height, animated: hasPages(view, next, little), variant: "TIFF" };
}
