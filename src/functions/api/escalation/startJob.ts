// A batch of one line, for one picture that the edge is not certain of.
import type { Manifest } from "../../../core/pack/manifest.ts";
import { Problem } from "../../../core/problem.ts";
import { modelOf } from "../../answer/modelOf.ts";
import { acceptJob, deleteJob, type Job, openJob, PRIORITIES, type Task } from "../../batches/jobs.ts";
import { inputKey, pictureKey } from "../../batches/keys.ts";
import { log } from "../../log/log.ts";
import { enqueue } from "../../work/message.ts";
import { EXPIRES_MS, jobId, UPLOAD_MS } from "../batches/lifetime.ts";
import type { Env } from "../env.ts";

export interface Escalated {
  task: Task;
  /** As they were given, but for `escalate`. */
  options: Record<string, unknown>;
  picture: Uint8Array<ArrayBuffer>;
  /** Of the big model. */
  manifest: Manifest;
  /** Hash of the API key. */
  caller: string;
  /** Names the line. */
  requestId: string;
}

/**
 * Its picture lies beside its line, in the job's own folder, and goes when the lines go.
 * @throws whatever keeps it from being queued; nothing is left of it then
 */
export async function startJob(
  env: Env,
  { task, options, picture, manifest, caller, requestId }: Escalated,
): Promise<Job> {
  const { DB, BUCKET, BIG_BACKEND_URLS } = env;
  if (!BIG_BACKEND_URLS?.trim())
    throw new Problem("backend_unavailable", `No backend is named for ${manifest.id}: BIG_BACKEND_URLS is empty.`);
  const now = Date.now();
  const id = jobId();
  const line = `${JSON.stringify({ custom_id: requestId, image: { key: pictureKey(id) } })}\n`;
  const bytes = new TextEncoder().encode(line);
  const stated = { id, task, options, model: modelOf(manifest), dim: 0, pulled: 0, callback: null, caller };
  await openJob(
    DB,
    { ...stated, priority: PRIORITIES.indexOf("high"), now, expires: now + EXPIRES_MS },
    now + UPLOAD_MS,
  );
  await Promise.all([BUCKET.put(pictureKey(id), picture), BUCKET.put(inputKey(id), bytes)]);
  const due = Date.now();
  const job = await acceptJob(DB, id, { upload: bytes.length }, { key: undefined, hash: "" }, due);
  if (!job) throw new Problem("overloaded", "The upload took too long.");
  try {
    await enqueue(env, { kind: "batch", id, due_at: due }, due);
  } catch (error) {
    await deleteJob(DB, id, Date.now()).catch((cause: unknown) =>
      log("error", "a batch that was not queued could not be deleted", { id }, cause),
    );
    throw error;
  }
  return job;
}
