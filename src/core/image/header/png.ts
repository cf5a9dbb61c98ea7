// Size and kind of a PNG, from IHDR and the chunks before the first IDAT.
import type { ImageHeader } from "../header.ts";

const IHDR = 0x49484452;
const IDAT = 0x49444154;
const ACTL = 0x6163544c;
const FCTL = 0x6663544c;
const TRNS = 0x74524e53;
const ALPHA_BIT = 4;

export function readPngHeader(view: DataView): ImageHeader {
  if (view.getUint32(12) !== IHDR) throw new RangeError("IHDR is not the first chunk");
  let frames = 0;
  // The default image is the first frame, if it has a control chunk; else it stands apart, and a browser does not show it.
  let apart = true;
  let alpha = (view.getUint8(25) & ALPHA_BIT) !== 0;
  for (let at = 8; at + 8 <= view.byteLength; at += 12 + view.getUint32(at)) {
    const type = view.getUint32(at + 4);
    if (type === IDAT) break;
    if (type === ACTL) frames = view.getUint32(at + 8);
    if (type === FCTL) apart = false;
    if (type === TRNS) alpha = true;
  }
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    animated: frames > (apart ? 0 : 1),
    variant: alpha ? "PNG with alpha" : "PNG",
  };
}
