// Pictures to unit vectors: decoded by the image Worker, encoded by the vision Worker in as few calls as it takes.
import type { Manifest } from "../../core/pack/manifest.ts";
import { MAX_PICTURES } from "../oip/limits.ts";
import { type DecodedPicture, decodePicture } from "./decodePicture.ts";
import type { Env } from "./env.ts";
import { infer } from "./infer.ts";
import type { Timing } from "./timing.ts";

export interface EncodedPicture {
  /** unit vector [D] */
  vector: Float32Array;
  animated: boolean;
}

/** @returns one entry a picture, in order. @throws the Problem of the first picture that cannot be read */
export async function encodePictures(
  { IMAGE, VISION }: Env,
  timing: Timing,
  manifest: Manifest,
  pictures: readonly Uint8Array<ArrayBuffer>[],
): Promise<EncodedPicture[]> {
  const { embed_dim: width, image } = manifest;
  const decoded = await timing.measure("decode", () =>
    Promise.all(pictures.map((bytes) => decodePicture(IMAGE, bytes, image.size))),
  );
  return timing.measure("encode", async () => {
    const encoded: EncodedPicture[] = [];
    for (let at = 0; at < decoded.length; at += MAX_PICTURES) {
      const part = decoded.slice(at, at + MAX_PICTURES);
      const vectors = await infer(VISION, "vision", manifest, tensorOf(part, image.size));
      encoded.push(
        ...part.map(({ animated }, row) => ({ vector: vectors.slice(row * width, (row + 1) * width), animated })),
      );
    }
    return encoded;
  });
}

/** @returns `pixels` uint8 [N, S, S, 3] */
function tensorOf(pictures: readonly DecodedPicture[], size: number) {
  const data = new Uint8Array(pictures.length * size * size * 3);
  for (const [row, { pixels }] of pictures.entries()) data.set(pixels, row * size * size * 3);
  return { name: "pixels", datatype: "UINT8" as const, shape: [pictures.length, size, size, 3], data };
}
