// A whole picture as vectors: the centre crop, the tiles around it, and several frames of an animation.

import type { Manifest } from "../../core/pack/manifest.ts";
import { Problem } from "../../core/problem.ts";
import type { Timing } from "../answer/timing.ts";
import { callWorker } from "../parts/callWorker.ts";
import { encodePixels, type Vision } from "../parts/encodePixels.ts";

/** Of an animation; more would leave fewer tiles to each. */
const FRAMES = 4;

export interface Views {
  /** unit vectors [D] */
  vectors: Float32Array[];
  animated: boolean;
  frames: number;
}

/** What looking at a picture takes. */
export interface Parts extends Vision {
  IMAGE: Fetcher;
}

/** @throws Problem `unsupported_image`, `image_unreadable`, `image_too_many_pixels` and those of a part that fails */
export async function viewsOf(
  parts: Parts,
  timing: Timing,
  manifest: Manifest,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Views> {
  const { size } = manifest.image;
  const square = size * size * 3;
  const [pixels, headers] = await timing.measure("decode", async () => {
    const response = await callWorker(parts.IMAGE, `/views?size=${size}&frames=${FRAMES}`, {
      method: "POST",
      body: bytes,
    });
    return [new Uint8Array(await response.arrayBuffer()), response.headers] as const;
  });
  const count = pixels.length / square;
  if (count < 1 || !Number.isInteger(count))
    throw new Problem("model_unavailable", `The image Worker answered with no squares of ${size} pixels.`);
  const squares = Array.from({ length: count }, (_, at) => pixels.subarray(at * square, (at + 1) * square));
  const vectors = await timing.measure("encode", () => encodePixels(parts, manifest, squares));
  return {
    vectors,
    animated: headers.get("x-image-animated") === "true",
    frames: Number(headers.get("x-image-frames") ?? 1),
  };
}
