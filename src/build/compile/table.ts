// An embedding table as a number format takes it: some rows at a time, as the largest are past a gigabyte in fp32.
import type { Graph } from "../onnx/graph.ts";

export interface Table {
  rows: number;
  width: number;
  /** @returns fp32 [to - from, width] */
  read(from: number, to: number): Float32Array<ArrayBuffer>;
}

/** Numbers that are read at once, or one row. */
export const SLICE = 2 ** 20;

/** @param values fp32 [rows, width], which are in memory anyway */
export const tableOf = (values: Float32Array<ArrayBuffer>, rows: number, width: number): Table => ({
  ...{ rows, width },
  read: (from, to) => values.subarray(from * width, to * width),
});

/** @returns the rows in order: fp32 [n, width], and how many are before them */
export function* slicesOf({
  rows,
  width,
  read,
}: Table): Generator<{ from: number; values: Float32Array<ArrayBuffer> }> {
  const each = Math.max(1, Math.floor(SLICE / width));
  for (let from = 0; from < rows; from += each) yield { from, values: read(from, Math.min(rows, from + each)) };
}

/** The table in fp32 or fp16. @returns the name of the weight */
export function keepTable(
  graph: Graph,
  name: string,
  table: Table,
  ...[type, made]:
    | ["FLOAT", (values: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>]
    | ["FLOAT16", (values: Float32Array<ArrayBuffer>) => Float16Array<ArrayBuffer>]
): string {
  const fill = graph.reserve(name, type, [table.rows, table.width]);
  for (const { from, values } of slicesOf(table)) fill(from * table.width, made(values));
  return name;
}
