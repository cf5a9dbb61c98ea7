// Size of a BMP, from its OS/2 (12 bytes) or Windows (40 and up) header; a negative height means top-down rows.
import type { ImageHeader } from "../header.ts";

export function readBmpHeader(view: DataView): ImageHeader {
  const os2 = view.getUint32(14, true) === 12;
  return {
    width: os2 ? view.getUint16(18, true) : Math.abs(view.getInt32(18, true)),
    height: os2 ? view.getUint16(20, true) : Math.abs(view.getInt32(22, true)),
    animated: false,
    variant: "BMP",
  };
}
