// The lines of a chunk, read from the input of its job, and the halves that they are split into.
import { linesOf } from "../../core/ndjson/lines.ts";
import { Problem } from "../../core/problem.ts";
import type { Chunk, Span } from "../batches/chunks.ts";
import { inputKey } from "../batches/keys.ts";
import { MAX_LINE_BYTES, type ReadLine, readLine } from "../batches/line.ts";

export interface ChunkLine extends ReadLine {
  /** In the input, from 1. */
  number: number;
  start: number;
  length: number;
}

export async function linesOfChunk(
  bucket: R2Bucket,
  { batch, start, length, line, rows }: Chunk,
): Promise<ChunkLine[]> {
  const object = await bucket.get(inputKey(batch), { range: { offset: start, length } });
  if (!object) throw new Problem("internal_error", "The input of a batch is gone.");
  const lines: ChunkLine[] = [];
  for await (const { bytes, offset, length: own, number } of linesOf(object.body, MAX_LINE_BYTES))
    lines.push({ ...readLine(bytes), number: line + number - 1, start: start + offset, length: own });
  if (lines.length !== rows) throw new Problem("internal_error", "A chunk has other lines than were counted.");
  return lines;
}

export function halvesOf({ first }: Chunk, lines: readonly ChunkLine[]): Span[] {
  const middle = Math.floor(lines.length / 2);
  return [
    { from: 0, to: middle },
    { from: middle, to: lines.length },
  ].flatMap(({ from, to }) => {
    const [head, last] = [lines[from], lines[to - 1]];
    if (!head || !last) return [];
    const length = last.start + last.length - head.start;
    return [{ first: first + from, rows: to - from, line: head.number, start: head.start, length }];
  });
}
