// Chunks of a batch in the database: which lines, where they lie in the input, and what their answers take.
import * as v from "valibot";

const ChunkSchema = v.object({
  id: v.string(),
  batch: v.string(),
  first: v.number(),
  rows: v.number(),
  line: v.number(),
  start: v.number(),
  length: v.number(),
  due_at: v.number(),
  attempts: v.number(),
  results_bytes: v.nullable(v.number()),
  errors_bytes: v.nullable(v.number()),
  /** 1: by backends that pull, 0: by the batch Worker. */
  pulled: v.number(),
});
export type Chunk = v.InferOutput<typeof ChunkSchema>;

/** The lines of a chunk. */
export type Span = Pick<Chunk, "first" | "rows" | "line" | "start" | "length">;

export const chunkId = (job: string, { first, rows }: Span): string => `${job}/${first}+${rows}`;

/** One that is answered. */
export interface DoneChunk extends Chunk {
  results_bytes: number;
  errors_bytes: number;
}

export const readChunk = (row: unknown): Chunk | undefined => (row === null ? undefined : v.parse(ChunkSchema, row));

/** In the order of the input. @param from the first row that is wanted */
export async function doneChunks(db: D1Database, job: string, from: number, limit: number): Promise<DoneChunk[]> {
  const { results } = await db
    .prepare("SELECT * FROM chunks WHERE batch = ? AND state = 'done' AND first >= ? ORDER BY first LIMIT ?")
    .bind(job, from, limit)
    .all();
  return v
    .parse(v.array(ChunkSchema), results)
    .map((chunk) => ({ ...chunk, results_bytes: chunk.results_bytes ?? 0, errors_bytes: chunk.errors_bytes ?? 0 }));
}

/** Where a part of a chunk's answers lies in its object. @param dim of vectors */
export function sectionOf(
  { rows, results_bytes, errors_bytes }: DoneChunk,
  output: "results" | "errors" | "vectors",
  dim: number,
): { offset: number; length: number } {
  if (output === "results") return { offset: 0, length: results_bytes };
  if (output === "errors") return { offset: results_bytes, length: errors_bytes };
  return { offset: results_bytes + errors_bytes, length: rows * dim * 4 };
}
