// Squares of pixels to unit vectors, by the vision Worker in as few calls as it takes.
import type { Manifest } from "../../core/pack/manifest.ts";
import { MAX_PICTURES } from "../oip/limits.ts";
import { infer } from "./infer.ts";

/**
 * @param squares each uint8 [S, S, 3]
 * @returns unit vectors [D], in order
 */
export async function encodePixels(
  worker: Fetcher,
  manifest: Manifest,
  squares: readonly Uint8Array[],
): Promise<Float32Array[]> {
  const { embed_dim: width, image } = manifest;
  const bytes = image.size * image.size * 3;
  const vectors: Float32Array[] = [];
  for (let at = 0; at < squares.length; at += MAX_PICTURES) {
    const part = squares.slice(at, at + MAX_PICTURES);
    const data = new Uint8Array(part.length * bytes);
    for (const [row, square] of part.entries()) data.set(square, row * bytes);
    const shape = [part.length, image.size, image.size, 3];
    const rows = await infer(worker, "vision", manifest, { name: "pixels", datatype: "UINT8", shape, data });
    for (let row = 0; row < part.length; row++) vectors.push(rows.slice(row * width, (row + 1) * width));
  }
  return vectors;
}
