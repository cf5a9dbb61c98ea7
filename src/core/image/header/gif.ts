// Size of a GIF's canvas and whether it moves, by walking its blocks to the second image.
import { gifImages } from "../animation/gifBlocks.ts";
import type { ImageHeader } from "../header.ts";

export function readGifHeader(view: DataView): ImageHeader {
  const images = gifImages(view);
  images.next();
  // A GIF cut off after its first image still decodes; whether it was cut before, the decoder tells.
  return {
    width: view.getUint16(6, true),
    height: view.getUint16(8, true),
    variant: "GIF",
    animated: images.next().done === false,
  };
}
