// Squares of pixels to unit vectors: by the vision Worker in as few calls as it takes, or by what stands in its place.
import type { Manifest } from "../../core/pack/manifest.ts";
import { MAX_PICTURES } from "../oip/limits.ts";
import { infer } from "./infer.ts";
import { pixelsOf, vectorsOf } from "./pixels.ts";

/** @param squares each uint8 [S, S, 3]. @returns unit vectors [D], in order */
type Encode = (squares: readonly Uint8Array[]) => Promise<Float32Array[]>;

/** @param byWorker the vision Worker, to fall back on */
export type EncodePixels = (
  manifest: Manifest,
  squares: readonly Uint8Array[],
  byWorker: Encode,
) => Promise<Float32Array[]>;

export interface Vision {
  VISION: Fetcher;
  /** In place of the vision Worker. */
  encode?: EncodePixels | undefined;
}

/**
 * @param squares each uint8 [S, S, 3]
 * @returns unit vectors [D], in order
 */
export async function encodePixels(
  { VISION, encode }: Vision,
  manifest: Manifest,
  squares: readonly Uint8Array[],
): Promise<Float32Array[]> {
  const byWorker: Encode = async (own) => {
    const vectors: Float32Array[] = [];
    for (let at = 0; at < own.length; at += MAX_PICTURES) {
      const pixels = pixelsOf(manifest, own.slice(at, at + MAX_PICTURES));
      vectors.push(...vectorsOf(manifest, await infer(VISION, "vision", manifest, pixels)));
    }
    return vectors;
  };
  return encode ? encode(manifest, squares, byWorker) : byWorker(squares);
}
