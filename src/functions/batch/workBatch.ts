// Works on a batch as a whole: it is validated, put together once its lines are answered, tidied up, and deleted in the end.
import { Problem } from "../../core/problem.ts";
import { nextWait } from "../../core/webhook/schedule.ts";
import type { JobErrors } from "../batches/jobs.ts";
import { chunksFolder, folderOf, inputKey, pictureKey } from "../batches/keys.ts";
import { log } from "../log/log.ts";
import { enqueue, type RowMessage } from "../work/message.ts";
import { assemble } from "./assemble.ts";
import type { BatchEnv } from "./env.ts";
import { InvalidJob } from "./invalidJob.ts";
import { claimJob, type Ended, endJob, giveUpUpload, type Leased, postponeJob } from "./jobRows.ts";
import { validate } from "./validate.ts";

/** As long as an invocation may take. */
const LEASE_MS = 15 * 60_000;
const ASSEMBLE_MS = 60_000;
/** Who reads the chunks of a job that ends meanwhile comes to the end of them. */
const TIDY_MS = 15 * 60_000;
/** By then nobody is left who works on a chunk of a deleted job, and nothing new is written. */
const DELETE_MS = 20 * 60_000;
/** Seconds before each attempt. A job that cannot be validated fails then; what was answered is never given up. */
const SCHEDULE = [0, 5, 30, 120, 600, 600, 600, 600];
/** Objects that R2 deletes at once. */
const DELETED = 1_000;

async function deleteBelow({ BUCKET }: BatchEnv, prefix: string): Promise<void> {
  for (;;) {
    const { objects } = await BUCKET.list({ prefix, limit: DELETED });
    if (objects.length === 0) return;
    await BUCKET.delete(objects.map(({ key }) => key));
  }
}

const deleteChunks = ({ DB }: BatchEnv, { id }: Leased) =>
  DB.prepare("DELETE FROM chunks WHERE batch = ?").bind(id).run();

async function postpone(env: BatchEnv, job: Leased, next: Parameters<typeof postponeJob>[2]): Promise<void> {
  const mine = await postponeJob(env.DB, job, next);
  if (mine && next.due !== null) await enqueue(env, { kind: "batch", id: job.id, due_at: next.due }, Date.now());
}

async function end(env: BatchEnv, job: Leased, status: Ended["status"], errors: JobErrors | null): Promise<void> {
  const now = Date.now();
  const tidy = now + TIDY_MS;
  const delivery = await endJob(env.DB, job, { status, errors, now, tidy });
  if (delivery) await enqueue(env, { kind: "delivery", id: delivery, due_at: now }, now);
  await enqueue(env, { kind: "batch", id: job.id, due_at: tidy }, now);
}

async function purge(env: BatchEnv, job: Leased, deleted: number): Promise<void> {
  await deleteChunks(env, job);
  await deleteBelow(env, folderOf(job.id));
  if (Date.now() < deleted + DELETE_MS) return postpone(env, job, { due: deleted + DELETE_MS, attempts: 0 });
  await env.DB.prepare("DELETE FROM batches WHERE id = ?").bind(job.id).run();
}

async function step(env: BatchEnv, job: Leased): Promise<void> {
  if (job.deleted_at !== null) return purge(env, job, job.deleted_at);
  switch (job.status) {
    case "uploading":
      // Whoever sent it is gone, and nobody was told that it was accepted.
      if (await giveUpUpload(env.DB, job)) await purge(env, job, 0);
      return undefined;
    case "validating":
      return validate(env, job);
    case "finalizing": {
      const assembly = await assemble(env, job, { limitMs: ASSEMBLE_MS });
      if (assembly !== undefined) return postpone(env, job, { due: Date.now(), attempts: 0, assembly });
      return end(env, job, job.stopped ?? "completed", null);
    }
    case "in_progress":
      return postpone(env, job, { due: null, attempts: 0 });
    default:
      await deleteBelow(env, chunksFolder(job.id));
      await env.BUCKET.delete([inputKey(job.id), pictureKey(job.id)]);
      await deleteChunks(env, job);
      return postpone(env, job, { due: null, attempts: 0 });
  }
}

export async function workBatch(env: BatchEnv, message: RowMessage): Promise<void> {
  const job = await claimJob(env.DB, message, Date.now() + LEASE_MS);
  if (!job) return;
  try {
    await step(env, job);
  } catch (error) {
    if (error instanceof InvalidJob) {
      const { message, line } = error;
      return end(env, job, "failed", [{ code: "invalid_request", message, ...(line !== undefined && { line }) }]);
    }
    log("error", "a batch could not be worked on", { id: job.id, status: job.status }, error);
    const wait = nextWait(SCHEDULE, job.attempts, undefined, Math.random());
    const { code, message } = Problem.from(error);
    if (wait === undefined && job.status === "validating") return end(env, job, "failed", [{ code, message }]);
    const due = Date.now() + Math.round((wait ?? SCHEDULE.at(-1) ?? 0) * 1000);
    await postpone(env, job, { due, attempts: job.attempts });
  }
}
