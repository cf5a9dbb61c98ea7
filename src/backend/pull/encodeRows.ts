// The lines of a chunk to vectors, in batches of the engine's size; what fails here is told line by line, and may be tried again.
import type { Frame } from "../../core/batch/frames.ts";
import { errorRow, type Row, readRow } from "../../core/batch/pulled.ts";
import type { Tensor } from "../../core/oip/tensor.ts";
import { Problem } from "../../core/problem.ts";

export interface EncodeOptions {
  /** Side of the squares. */
  size: number;
  /** Width of the vectors. */
  width: number;
  /** Pictures of one request to the engine. */
  most: number;
  /** @param pixels uint8 [N, S, S, 3]. @returns fp32 [N, D] */
  encode(pixels: Tensor, signal: AbortSignal): Promise<Float32Array>;
}

type Encoded = [header: Row, vectors: Float32Array[]];
type Seen = Extract<Row, { views: number }>;

/** The engine's failure, never the line's own: another backend or a later moment may do better. */
const failed = (row: Row, error: unknown): Encoded => [
  errorRow(row.row, new Problem("backend_unavailable", error instanceof Error ? error.message : String(error))),
  [],
];

/**
 * @returns one entry a line, in order
 * @throws what reading the lines ends in, and the reason of the signal
 */
export async function encodeRows(
  rows: AsyncIterable<Frame>,
  { size, width, most, encode }: EncodeOptions,
  signal: AbortSignal,
): Promise<Encoded[]> {
  const square = size * size * 3;
  const encoded: Encoded[] = [];
  const runs: Promise<void>[] = [];
  let group: { row: Seen; pixels: Uint8Array }[] = [];

  const run = async (own: typeof group): Promise<void> => {
    const count = own.reduce((sum, { row }) => sum + row.views, 0);
    const data = new Uint8Array(count * square);
    let at = 0;
    for (const { pixels } of own) {
      data.set(pixels, at);
      at += pixels.length;
    }
    try {
      const vectors = await encode({ name: "pixels", datatype: "UINT8", shape: [count, size, size, 3], data }, signal);
      let next = 0;
      for (const { row } of own) {
        const views = Array.from({ length: row.views }, (_, view) =>
          vectors.slice((next + view) * width, (next + view + 1) * width),
        );
        encoded[row.row] = [row, views];
        next += row.views;
      }
    } catch (error) {
      signal.throwIfAborted();
      for (const { row } of own) encoded[row.row] = failed(row, error);
    }
  };
  const flush = async (): Promise<void> => {
    if (group.length === 0) return;
    const running = run(group);
    // Awaited below; until then its failure is nobody's, which ends Node.
    running.catch(() => {});
    runs.push(running);
    group = [];
    // One runs while the next one fills; more would only lie in memory.
    if (runs.length >= 2) await runs.at(-2);
  };

  let count = 0;
  for await (const { header, payload } of rows) {
    signal.throwIfAborted();
    const row = readRow(header, count++);
    if ("error" in row) encoded[row.row] = [row, []];
    else if (payload.length !== row.views * square) throw new Error(`line ${row.row} has other pixels than it says`);
    else {
      group.push({ row, pixels: payload });
      if (group.reduce((sum, each) => sum + each.row.views, 0) >= most) await flush();
    }
  }
  await flush();
  await Promise.all(runs);
  return encoded;
}
