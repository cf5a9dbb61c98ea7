// A whole picture as vectors: the centre crop, the tiles around it, and several frames of an animation.

import type { Framing } from "../../core/image/squares.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { Problem } from "../../core/problem.ts";
import type { Timing } from "../answer/timing.ts";
import { callWorker } from "../parts/callWorker.ts";
import { encodePixels, type Vision } from "../parts/encodePixels.ts";
import { framingQuery } from "../tasks/decodePicture.ts";

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

/** A whole picture as squares of pixels. */
export interface Squares {
  /** each uint8 [S, S, 3] */
  squares: Uint8Array<ArrayBuffer>[];
  animated: boolean;
  frames: number;
}

/** @throws Problem `unsupported_image`, `image_unreadable`, `image_too_many_pixels`, `model_unavailable` */
export async function squaresOf(image: Fetcher, framing: Framing, bytes: Uint8Array<ArrayBuffer>): Promise<Squares> {
  const { size } = framing;
  const square = size * size * 3;
  const response = await callWorker(image, `/views?${framingQuery(framing)}&frames=${FRAMES}`, {
    method: "POST",
    body: bytes,
  });
  const pixels = new Uint8Array(await response.arrayBuffer());
  const count = pixels.length / square;
  if (count < 1 || !Number.isInteger(count))
    throw new Problem("model_unavailable", `The image Worker answered with no squares of ${size} pixels.`);
  return {
    squares: Array.from({ length: count }, (_, at) => pixels.subarray(at * square, (at + 1) * square)),
    animated: response.headers.get("x-image-animated") === "true",
    frames: Number(response.headers.get("x-image-frames") ?? 1),
  };
}

/** @throws Problem as squaresOf does, and those of a part that fails */
export async function viewsOf(
  parts: Parts,
  timing: Timing,
  manifest: Manifest,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Views> {
  const { squares, ...seen } = await timing.measure("decode", () => squaresOf(parts.IMAGE, manifest.image, bytes));
  const vectors = await timing.measure("encode", () => encodePixels(parts, manifest, squares));
  return { vectors, ...seen };
}
