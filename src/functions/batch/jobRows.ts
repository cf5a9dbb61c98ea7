// Jobs in the database, as the batch Worker moves them on. Whoever takes one knows it by its lease.
import { type Job, type JobErrors, readJob } from "../batches/jobs.ts";
import { told } from "../batches/told.ts";
import { insertDelivery } from "../deliveries/deliveries.ts";

/** @returns undefined where it was taken or moved since */
export async function claimJob(
  db: D1Database,
  { id, due_at }: { id: string; due_at: number },
  lease: number,
): Promise<Leased | undefined> {
  const row = await db
    .prepare("UPDATE batches SET attempts = attempts + 1, due_at = ? WHERE id = ? AND due_at = ? RETURNING *")
    .bind(lease, id, due_at)
    .first();
  const job = readJob(row);
  return job && { ...job, due_at: lease };
}

/** One that is the caller's until then. */
export type Leased = Job & { due_at: number };

const MINE = "id = ? AND due_at = ?";

/** Gives it back, with nothing to be done before then. @returns whether it still was the caller's */
export async function postponeJob(
  db: D1Database,
  { id, due_at }: Leased,
  next: { due: number | null; attempts: number; assembly?: string },
): Promise<boolean> {
  const { due, attempts, assembly } = next;
  const { meta } = await db
    .prepare(`UPDATE batches SET due_at = ?, attempts = ?, assembly = coalesce(?, assembly) WHERE ${MINE}`)
    .bind(due, attempts, assembly ?? null, id, due_at)
    .run();
  return meta.changes === 1;
}

/** @returns whether it still was the caller's, and was not accepted meanwhile */
export async function giveUpUpload(db: D1Database, { id, due_at }: Leased): Promise<boolean> {
  const { meta } = await db
    .prepare(`UPDATE batches SET deleted_at = 0 WHERE ${MINE} AND status = 'uploading'`)
    .bind(id, due_at)
    .run();
  return meta.changes === 1;
}

/** The lines are known, and the work on them may begin. @returns whether it still was the caller's */
export async function beginJob(db: D1Database, { id, due_at }: Leased, total: number, now: number): Promise<boolean> {
  const [begun] = await db.batch([
    db
      .prepare(
        `UPDATE batches SET status = 'in_progress', total = ?, in_progress_at = ?, active_at = ?, due_at = NULL, attempts = 0
         WHERE ${MINE} AND status = 'validating' AND deleted_at IS NULL`,
      )
      .bind(total, now, now, id, due_at),
    db
      .prepare(
        `UPDATE chunks SET state = 'pending', due_at = ?,
           pulled = coalesce((SELECT pulled FROM batches WHERE id = ? AND stopped IS NULL), 0)
         WHERE batch = ? AND state = 'held'
         AND EXISTS (SELECT 1 FROM batches WHERE id = ? AND status = 'in_progress')`,
      )
      .bind(now, id, id, id),
  ]);
  return begun?.meta.changes === 1;
}

export interface Ended {
  status: "completed" | "failed" | "cancelled" | "expired";
  errors: JobErrors | null;
  now: number;
  /** When what was needed on the way is deleted. */
  tidy: number;
}

/**
 * The end of a job and the webhook that tells of it are written together or not at all.
 * @returns id of the delivery, undefined where there is none to be sent
 */
export async function endJob(db: D1Database, job: Leased, ended: Ended): Promise<string | undefined> {
  const { status, errors, now, tidy } = ended;
  const { id, due_at, callback } = job;
  const done: Job = { ...job, status, errors, finished_at: now };
  const type = `batch.${status}`;
  const body = JSON.stringify({ type, timestamp: new Date(now).toISOString(), data: told(done, now) });
  const delivery = callback && { id: `msg_${id}`, ...callback, body, now };
  const [result] = await db.batch([
    db
      .prepare(
        `UPDATE batches SET status = ?, errors = ?, finished_at = ?, due_at = ?, attempts = 0, assembly = NULL
         WHERE ${MINE} AND deleted_at IS NULL`,
      )
      .bind(status, errors && JSON.stringify(errors), now, tidy, id, due_at),
    ...(delivery
      ? insertDelivery(db, delivery, "EXISTS (SELECT 1 FROM batches WHERE id = ? AND status = ? AND finished_at = ?)", [
          ...[id, status, now],
        ])
      : []),
  ]);
  return result?.meta.changes === 1 ? delivery?.id : undefined;
}
