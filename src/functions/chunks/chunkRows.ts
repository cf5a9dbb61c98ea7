// Chunks of a batch in the database: taken, answered, postponed, split. Whoever takes one knows it by its lease.
import { type Chunk, chunkId, readChunk, type Span } from "../batches/chunks.ts";

/** Rows of one statement: a parameter may have 2 MB. */
const INSERTED = 1_000;

const COLUMNS = "id, batch, priority, state, first, rows, line, start, length, due_at, pulled";
const VALUES = ["id", "first", "rows", "line", "start", "length"].map((name) => `value ->> '${name}'`);

const [ID, ...PLACE] = VALUES;
const list = (job: string, spans: readonly Span[]): string =>
  JSON.stringify(spans.map((span) => ({ id: chunkId(job, span), ...span })));

/** What an earlier validation left is replaced by the next one's. */
export const clearHeld = (db: D1Database, job: string): D1PreparedStatement =>
  db.prepare("DELETE FROM chunks WHERE batch = ? AND state = 'held'").bind(job);

export async function insertHeld(db: D1Database, job: string, priority: number, spans: readonly Span[]): Promise<void> {
  for (let at = 0; at < spans.length; at += INSERTED) {
    await db
      .prepare(
        `INSERT OR IGNORE INTO chunks (${COLUMNS}) SELECT ${ID}, ?, ?, 'held', ${PLACE.join(", ")}, 0, 0 FROM json_each(?)`,
      )
      .bind(job, priority, list(job, spans.slice(at, at + INSERTED)))
      .run();
  }
}

/**
 * The most urgent one that is due, of those that this kind of worker looks at.
 * @returns undefined where none is
 */
export async function claimChunk(
  db: D1Database,
  pulled: 0 | 1,
  now: number,
  lease: number,
): Promise<Chunk | undefined> {
  const row = await db
    .prepare(
      `UPDATE chunks SET attempts = attempts + 1, due_at = ? WHERE id =
         (SELECT id FROM chunks WHERE state = 'pending' AND pulled = ? AND due_at <= ? ORDER BY priority DESC, due_at LIMIT 1)
       RETURNING *`,
    )
    .bind(lease, pulled, now)
    .first();
  return readChunk(row);
}

/** One that is not answered yet. */
export const findPending = async (db: D1Database, id: string): Promise<Chunk | undefined> =>
  readChunk(await db.prepare("SELECT * FROM chunks WHERE id = ? AND state = 'pending'").bind(id).first());

/** Gives it back as if it had not been taken. */
export async function returnChunk(db: D1Database, id: string, lease: number, now: number): Promise<void> {
  await db
    .prepare(
      "UPDATE chunks SET due_at = ?, attempts = max(attempts - 1, 0) WHERE id = ? AND due_at = ? AND state = 'pending'",
    )
    .bind(now, id, lease)
    .run();
}

export async function postponeChunk(db: D1Database, { id, due_at }: Chunk, due: number): Promise<void> {
  await db
    .prepare("UPDATE chunks SET due_at = ? WHERE id = ? AND due_at = ? AND state = 'pending'")
    .bind(due, id, due_at)
    .run();
}

/** The halves take the chunk's place, unless it was answered or went to another since. @returns whether they did */
export async function splitChunk(
  db: D1Database,
  { id, batch, due_at }: Chunk,
  halves: readonly Span[],
  due: number,
): Promise<boolean> {
  const [split] = await db.batch([
    db.prepare("UPDATE chunks SET state = 'split' WHERE id = ? AND due_at = ? AND state = 'pending'").bind(id, due_at),
    db
      .prepare(
        `INSERT OR IGNORE INTO chunks (${COLUMNS})
         SELECT ${ID}, parent.batch, parent.priority, 'pending', ${PLACE.join(", ")}, ?, parent.pulled
         FROM json_each(?) JOIN chunks AS parent ON parent.id = ? AND parent.state = 'split' AND parent.due_at = ?`.replaceAll(
          "value ->>",
          "json_each.value ->>",
        ),
      )
      .bind(due, list(batch, halves), id, due_at),
  ]);
  return split?.meta.changes === 1;
}

export interface Answered {
  completed: number;
  failed: number;
  results: number;
  errors: number;
}

/**
 * Counts a chunk whose answers lie in the bucket, once, whoever wrote them.
 * @returns whether that was the last of its job
 */
export async function countChunk(
  db: D1Database,
  { id, batch }: Chunk,
  { completed, failed, results, errors }: Answered,
  now: number,
): Promise<boolean> {
  const [, , finalizing] = await db.batch([
    db
      .prepare(
        `UPDATE batches SET completed = completed + ?, failed = failed + ?, active_at = ?
         WHERE id = ? AND EXISTS (SELECT 1 FROM chunks WHERE id = ? AND state = 'pending')`,
      )
      .bind(completed, failed, now, batch, id),
    db
      .prepare(
        "UPDATE chunks SET state = 'done', results_bytes = ?, errors_bytes = ? WHERE id = ? AND state = 'pending'",
      )
      .bind(results, errors, id),
    db
      .prepare(
        `UPDATE batches SET status = 'finalizing', finalizing_at = ?, due_at = ?, attempts = 0
         WHERE id = ? AND status = 'in_progress' AND completed + failed = total AND deleted_at IS NULL`,
      )
      .bind(now, now, batch),
  ]);
  return finalizing?.meta.changes === 1;
}
