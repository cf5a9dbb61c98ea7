// Encodes example pictures with the pack's vision tower.

import { toPixels } from "../../core/image/pixels.ts";
import type { Framing } from "../../core/image/squares.ts";
import { openMagick } from "../calibrate.ts";
import type { LabelImage } from "./readImages.ts";

export interface VisionTower {
  /**
   * @param input uint8 [N, S, S, 3], RGB, row-major
   * @returns unit vectors fp32 [N * D]
   */
  run(input: Uint8Array<ArrayBuffer>, dims: [number, number, number, number]): Promise<Float32Array> | Float32Array;
}

/** @returns unit vector [D] of each picture. @throws Error naming the file */
export async function embedImages(
  tower: VisionTower,
  images: readonly LabelImage[],
  image: Framing,
): Promise<Float32Array[]> {
  const { size } = image;
  const magick = await openMagick();
  const vectors: Float32Array[] = [];
  for (const { path, bytes } of images) {
    let pixels: Uint8Array<ArrayBuffer>;
    try {
      pixels = new Uint8Array(toPixels(magick, bytes, image).pixels);
    } catch (cause) {
      throw new Error(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
    vectors.push((await tower.run(pixels, [1, size, size, 3])).slice());
  }
  return vectors;
}
