// Pictures to unit vectors: decoded by the image Worker, encoded by the vision Worker or in its place.
import type { Manifest } from "../../core/pack/manifest.ts";
import { Problem } from "../../core/problem.ts";
import type { Timing } from "../answer/timing.ts";
import { encodePixels, type Vision } from "../parts/encodePixels.ts";
import { decodePicture } from "./decodePicture.ts";

export interface EncodedPicture {
  /** unit vector [D] */
  vector: Float32Array;
  animated: boolean;
}

/** The same failure, said of the place in the request. */
function at(pointer: string, error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  const { code, message, retryAfter } = error;
  const errors = error.status < 500 ? [{ pointer, message }] : [];
  return new Problem(code, message, { errors, cause: error, ...(retryAfter !== undefined && { retryAfter }) });
}

/**
 * @param pointers where the pictures stand in the request, of those that an error shall name
 * @returns one entry a picture, in order. @throws the Problem of the first picture that cannot be read
 */
export async function encodePictures(
  parts: Vision & { IMAGE: Fetcher },
  timing: Timing,
  manifest: Manifest,
  pictures: readonly Uint8Array<ArrayBuffer>[],
  pointers: readonly (string | undefined)[] = [],
): Promise<EncodedPicture[]> {
  const decoded = await timing.measure("decode", () =>
    Promise.all(
      pictures.map(async (bytes, index) => {
        try {
          return await decodePicture(parts.IMAGE, bytes, manifest.image);
        } catch (error) {
          const pointer = pointers[index];
          throw pointer === undefined ? error : at(pointer, error);
        }
      }),
    ),
  );
  const squares = decoded.map(({ pixels }) => pixels);
  const vectors = await timing.measure("encode", () => encodePixels(parts, manifest, squares));
  return decoded.map(({ animated }, index) => ({ vector: vectors[index] ?? new Float32Array(), animated }));
}
