// Squares of pixels as the one tensor that a vision model takes, and its answer as vectors.
import type { Tensor } from "../../core/oip/tensor.ts";
import type { Manifest } from "../../core/pack/manifest.ts";

/** @param squares each uint8 [S, S, 3]. @returns uint8 [N, S, S, 3] */
export function pixelsOf({ image: { size } }: Manifest, squares: readonly Uint8Array[]): Tensor {
  const bytes = size * size * 3;
  const data = new Uint8Array(squares.length * bytes);
  for (const [row, square] of squares.entries()) data.set(square, row * bytes);
  return { name: "pixels", datatype: "UINT8", shape: [squares.length, size, size, 3], data };
}

/** @param data fp32 [N, D]. @returns N vectors [D] */
export const vectorsOf = ({ embed_dim: width }: Manifest, data: Float32Array): Float32Array[] =>
  Array.from({ length: data.length / width }, (_, row) => data.slice(row * width, (row + 1) * width));
