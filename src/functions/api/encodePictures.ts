// Pictures to unit vectors: decoded by the image Worker, encoded by the vision Worker.
import type { Manifest } from "../../core/pack/manifest.ts";
import { decodePicture } from "./decodePicture.ts";
import { encodePixels } from "./encodePixels.ts";
import type { Env } from "./env.ts";
import type { Timing } from "./timing.ts";

export interface EncodedPicture {
  /** unit vector [D] */
  vector: Float32Array;
  animated: boolean;
}

/** @returns one entry a picture, in order. @throws the Problem of the first picture that cannot be read */
export async function encodePictures(
  { IMAGE, VISION }: Pick<Env, "IMAGE" | "VISION">,
  timing: Timing,
  manifest: Manifest,
  pictures: readonly Uint8Array<ArrayBuffer>[],
): Promise<EncodedPicture[]> {
  const decoded = await timing.measure("decode", () =>
    Promise.all(pictures.map((bytes) => decodePicture(IMAGE, bytes, manifest.image.size))),
  );
  const squares = decoded.map(({ pixels }) => pixels);
  const vectors = await timing.measure("encode", () => encodePixels(VISION, manifest, squares));
  return decoded.map(({ animated }, at) => ({ vector: vectors[at] ?? new Float32Array(), animated }));
}
