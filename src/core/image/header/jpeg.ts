// Size and kind of a JPEG, from its start-of-frame marker (ITU-T T.81, B.2.2), and how often it is gone over.
import { Problem } from "../../problem.ts";
import type { ImageHeader } from "../header.ts";

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

/** SOF0 to SOF15, less DHT (C4), JPG (C8) and DAC (CC). */
const isStartOfFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** SOF2, 6, 10 and 14: the decoder holds every coefficient until the last scan. */
const isProgressive = (marker: number): boolean => (marker & 3) === 2;

/** A decoder goes over the whole picture for each, whatever the kind; encoders make ten or so. */
const MAX_SCANS = 100;

/**
 * Counts headers of scans (B.2.3) wherever they lie: ImageMagick leaves the end of a short APP13 unread, so that what is a
 * segment's data or the end of the picture is not the same here and there.
 * @throws Problem `image_unreadable`
 */
function checkScans(view: DataView): void {
  // Nine times as fast as a loop over the view: every picture is gone through.
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  let scans = 0;
  for (let at = bytes.indexOf(0xff); at !== -1 && at + 4 < bytes.length; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] !== START_OF_SCAN) continue;
    const components = view.getUint8(at + 4);
    if (view.getUint16(at + 2) === 6 + 2 * components && ++scans > MAX_SCANS)
      throw new Problem("image_unreadable", `The JPEG has more than the ${MAX_SCANS} scans that are taken.`);
  }
}

/** @throws RangeError where it is damaged; Problem `image_unreadable` */
export function readJpegHeader(view: DataView): ImageHeader {
  let at = 2;
  while (true) {
    // Anything before a marker is skipped, as every decoder does; 0xFF may be repeated as padding.
    while (view.getUint8(at) !== 0xff) at++;
    while (view.getUint8(at) === 0xff) at++;
    const marker = view.getUint8(at++);
    if (isStartOfFrame(marker)) {
      checkScans(view);
      return {
        height: view.getUint16(at + 3),
        width: view.getUint16(at + 5),
        animated: false,
        variant: isProgressive(marker) ? "progressive JPEG" : "baseline JPEG",
      };
    }
    if (marker === START_OF_SCAN || marker === END_OF_IMAGE) throw new RangeError("no start of frame before the scan");
    const standalone = marker === 0 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    if (!standalone) at += Math.max(2, view.getUint16(at));
  }
}
