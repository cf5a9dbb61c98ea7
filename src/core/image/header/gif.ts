// Size of a GIF's canvas and whether it moves, by walking its blocks to the second image.
import { gifImages, imageDescriptor, rectangleOf } from "../animation/gifBlocks.ts";
import type { ImageHeader } from "../header.ts";

export function readGifHeader(view: DataView): ImageHeader {
  let [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
  const images = gifImages(view);
  const first = images.next();
  if (!first.done) {
    // Browsers enlarge a canvas that its first image does not fit on.
    const image = rectangleOf(view, imageDescriptor(view, first.value));
    width = Math.max(width, image.x + image.width);
    height = Math.max(height, image.y + image.height);
  }
  // A GIF cut off after its first image still decodes; whether it was cut before, the decoder tells.
  return { width, height, variant: "GIF", animated: images.next().done === false };
}
