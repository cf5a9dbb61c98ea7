// Batch jobs in the database, as both Workers see them.
import * as v from "valibot";

/** The names of OpenAI's batches; `uploading` is a job that is not accepted yet. */
export const STATUSES = [
  ...(["validating", "in_progress", "finalizing", "completed", "failed", "cancelled", "expired"] as const),
] as const;
export const TASKS = ["embed", "classify", "tag", "moderate"] as const;
export type Task = (typeof TASKS)[number];
export const PRIORITIES = ["low", "normal", "high"] as const;

const json = <S extends v.GenericSchema>(schema: S) => v.pipe(v.string(), v.parseJson(), schema);

const InputSchema = v.union([
  v.object({ upload: v.number() }),
  v.object({ key: v.string() }),
  v.object({ prefix: v.string() }),
]);
export type JobInput = v.InferOutput<typeof InputSchema>;

const ErrorsSchema = v.array(v.object({ code: v.string(), message: v.string(), line: v.optional(v.number()) }));
export type JobErrors = v.InferOutput<typeof ErrorsSchema>;

const CallbackSchema = v.object({ url: v.string(), secrets: v.array(v.string()) });

const JobSchema = v.object({
  id: v.string(),
  status: v.picklist(["uploading", ...STATUSES]),
  task: v.picklist(TASKS),
  options: json(v.record(v.string(), v.unknown())),
  input: json(InputSchema),
  model: json(v.object({ id: v.string(), space: v.string(), pack: v.string() })),
  /** Width of vectors, 0 where the task has none. */
  dim: v.number(),
  priority: v.number(),
  callback: v.nullable(json(CallbackSchema)),
  total: v.number(),
  completed: v.number(),
  failed: v.number(),
  stopped: v.nullable(v.picklist(["cancelled", "expired"])),
  errors: v.nullable(json(ErrorsSchema)),
  assembly: v.nullable(v.string()),
  due_at: v.nullable(v.number()),
  attempts: v.number(),
  created_at: v.number(),
  in_progress_at: v.nullable(v.number()),
  finalizing_at: v.nullable(v.number()),
  finished_at: v.nullable(v.number()),
  expires_at: v.number(),
  deleted_at: v.nullable(v.number()),
  request_hash: v.nullable(v.string()),
  /** 1: its lines are for backends that pull. */
  pulled: v.number(),
});
export type Job = v.InferOutput<typeof JobSchema>;

export const readJob = (row: unknown): Job | undefined => (row === null ? undefined : v.parse(JobSchema, row));

export interface NewJob extends Pick<Job, "id" | "task" | "options" | "model" | "dim" | "priority" | "callback"> {
  /** 1: its lines are for backends that pull. */
  pulled?: Job["pulled"];
  /** Hash of the API key. */
  caller: string;
  now: number;
  expires: number;
}

/** A job whose input is on its way. Should that end, it is deleted once it is due. */
export async function openJob(db: D1Database, job: NewJob, due: number): Promise<void> {
  const { id, task, options, model, dim, priority, callback, pulled = 0, caller, now, expires } = job;
  await db
    .prepare(
      `INSERT INTO batches (id, status, task, options, input, model, dim, priority, callback, pulled, due_at, created_at, expires_at, caller)
       VALUES (?, 'uploading', ?, ?, '{"upload":0}', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .bind(
      ...[id, task, JSON.stringify(options), JSON.stringify(model), dim, priority],
      ...[callback && JSON.stringify(callback), pulled, due, now, expires, caller],
    )
    .run();
}

export interface Request {
  key: string | undefined;
  hash: string;
}

/** @returns the job as it was accepted, undefined where the caller's key was used meanwhile */
export async function acceptJob(
  db: D1Database,
  id: string,
  input: JobInput,
  { key, hash }: Request,
  now: number,
): Promise<Job | undefined> {
  const row = await db
    .prepare(
      `UPDATE OR IGNORE batches SET status = 'validating', input = ?, idempotency_key = ?, request_hash = ?, due_at = ?
       WHERE id = ? AND status = 'uploading' AND deleted_at IS NULL RETURNING *`,
    )
    .bind(JSON.stringify(input), key ?? null, hash, now, id)
    .first();
  return readJob(row);
}

/** Also one that was deleted since: its key stays used. */
export const findByKey = async (db: D1Database, caller: string, key: string): Promise<Job | undefined> =>
  readJob(await db.prepare("SELECT * FROM batches WHERE caller = ? AND idempotency_key = ?").bind(caller, key).first());

const TOLD = "status <> 'uploading' AND deleted_at IS NULL";

/** @param owner hash of the key that made it; undefined for any */
export async function findJob(db: D1Database, id: string, owner?: string): Promise<Job | undefined> {
  const own = owner === undefined ? "" : "AND caller = ?";
  const statement = db.prepare(`SELECT * FROM batches WHERE id = ? AND ${TOLD} ${own}`);
  return readJob(await statement.bind(id, ...(owner === undefined ? [] : [owner])).first());
}

/**
 * The newest first.
 * @param after id of the last that is known already
 * @param owner hash of the key that made them; undefined for any
 */
export async function listJobs(
  db: D1Database,
  limit: number,
  after: string | undefined,
  owner?: string,
): Promise<Job[]> {
  const own = owner === undefined ? "" : "AND caller = ?";
  const by = owner === undefined ? [] : [owner];
  const older = `AND (created_at, id) < (SELECT created_at, id FROM batches WHERE id = ? ${own})`;
  const { results } = await db
    .prepare(
      `SELECT * FROM batches WHERE ${TOLD} ${own} ${after === undefined ? "" : older}
       ORDER BY created_at DESC, id DESC LIMIT ?`,
    )
    .bind(...by, ...(after === undefined ? [] : [after, ...by]), limit)
    .all();
  return v.parse(v.array(JobSchema), results);
}

/** Whether a list can go on behind this job, one that was deleted since among them. @param owner as of listJobs */
export async function isListed(db: D1Database, id: string, owner?: string): Promise<boolean> {
  const own = owner === undefined ? "" : "AND caller = ?";
  const statement = db.prepare(`SELECT 1 FROM batches WHERE id = ? ${own}`);
  return (await statement.bind(id, ...(owner === undefined ? [] : [owner])).first()) !== null;
}

/** No more lines are worked on; each that has no answer gets an error. A job that has ended stays as it is. */
export async function stopJob(db: D1Database, id: string, why: "cancelled" | "expired", now: number): Promise<void> {
  const open = "stopped IS NULL AND status IN ('validating', 'in_progress')";
  await db.batch([
    // Nothing more is computed, so that no backend has to be there.
    db
      .prepare(
        `UPDATE chunks SET pulled = 0 WHERE batch = ? AND state = 'pending' AND pulled = 1
         AND EXISTS (SELECT 1 FROM batches WHERE id = ? AND ${open})`,
      )
      .bind(id, id),
    // What waits to be tried again is answered at once.
    db
      .prepare(
        `UPDATE chunks SET due_at = ? WHERE batch = ? AND state = 'pending' AND due_at > ? AND attempts > 0
         AND EXISTS (SELECT 1 FROM batches WHERE id = ? AND ${open})`,
      )
      .bind(now, id, now, id),
    db.prepare(`UPDATE batches SET stopped = ?, active_at = 0 WHERE id = ? AND ${open}`).bind(why, id),
  ]);
}

/** @returns whether there was such a job */
export async function deleteJob(db: D1Database, id: string, now: number): Promise<boolean> {
  const { meta } = await db
    .prepare(`UPDATE batches SET deleted_at = ?, due_at = ?, attempts = 0 WHERE id = ? AND ${TOLD}`)
    .bind(now, now, id)
    .run();
  return meta.changes === 1;
}
