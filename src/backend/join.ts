// Rows of several requests as one tensor.
import type { Tensor } from "../core/oip/tensor.ts";

/** Consecutive rows of a request. */
export interface Slice {
  input: Tensor;
  from: number;
  rows: number;
}

/** Elements of a row. */
const widthOf = ({ shape }: Tensor): number => shape.slice(1).reduce((product, size) => product * size, 1);

/**
 * Texts are filled up to the longest of them, which changes no vector: where pads would reach it (`padded` of the pack),
 * every text fills the context already.
 * @param pad the id that fills up
 * @returns a copy of the rows: uint8 [N, S, S, 3] or int32 [N, T]
 */
export function join(
  slices: readonly Slice[],
  pad: number,
): { data: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>; shape: number[] } {
  const rows = slices.reduce((sum, slice) => sum + slice.rows, 0);
  const width = Math.max(...slices.map(({ input }) => widthOf(input)));
  const [first] = slices;
  const texts = first?.input.datatype === "INT32";
  const data = texts ? new Int32Array(rows * width).fill(pad) : new Uint8Array(rows * width);
  let row = 0;
  for (const { input, from, rows: count } of slices) {
    const own = widthOf(input);
    if (own === width) data.set(input.data.subarray(from * own, (from + count) * own), row * width);
    else
      for (let i = 0; i < count; i++)
        data.set(input.data.subarray((from + i) * own, (from + i + 1) * own), (row + i) * width);
    row += count;
  }
  return { data, shape: texts ? [rows, width] : [rows, ...(first?.input.shape.slice(1) ?? [])] };
}
