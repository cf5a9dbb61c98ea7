// POST /v1/batches: accepts pictures by the million. 202 says that each of their lines will be answered.
import type { Context } from "hono";
import { sha256 } from "../../../core/hash.ts";
import { Problem } from "../../../core/problem.ts";
import { acceptJob, findByKey, type Job, openJob } from "../../batches/jobs.ts";
import { inputKey } from "../../batches/keys.ts";
import { accepted } from "../../batches/told.ts";
import { enqueue } from "../../work/message.ts";
import type { AppTypes } from "../env.ts";
import type { Isolate } from "../isolate.ts";
import { queryOptions, readJson } from "../readInput.ts";
import { EXPIRES_MS, jobId, UPLOAD_MS } from "./lifetime.ts";
import { type BatchOptions, batchOptions } from "./options.ts";
import { placeOf } from "./place.ts";
import { checkUpload, hashBody, upload } from "./upload.ts";

/** One part of an upload, and what is on its way to it. */
const UPLOAD_BYTES = 10 * 2 ** 20;
const MAX_KEY_LENGTH = 255;

const LINES = new Set(["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"]);

const isLines = (request: Request): boolean =>
  LINES.has((request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "");

function keyOf(request: Request): string | undefined {
  const key = request.headers.get("idempotency-key") ?? undefined;
  if (key === undefined || (key.length > 0 && key.length <= MAX_KEY_LENGTH)) return key;
  const message = `must have 1 to ${MAX_KEY_LENGTH} characters`;
  throw new Problem("invalid_request", `Idempotency-Key ${message}.`, {
    errors: [{ parameter: "Idempotency-Key", message }],
  });
}

/** Of everything that the request asks for. */
const hashOf = (options: BatchOptions, body: string): Promise<string> =>
  sha256(new TextEncoder().encode(JSON.stringify([options, body])));

/** @throws Problem `idempotency_conflict` */
function repeated(context: Context<AppTypes>, job: Job, hash: string): Response {
  if (job.request_hash !== hash)
    throw new Problem("idempotency_conflict", "This Idempotency-Key was used for another request before.");
  return context.json(accepted(job), 202);
}

export const createBatch = (isolate: Isolate) => async (context: Context<AppTypes>) => {
  const { env } = context;
  const { raw } = context.req;
  const deployment = isolate.deployment();
  const key = keyOf(raw);
  const lines = isLines(raw);
  if (lines) checkUpload(raw);
  const options = batchOptions(lines ? queryOptions(raw) : await readJson(raw), deployment, env);
  const caller = context.get("caller") ?? "";

  const before = key === undefined ? undefined : await findByKey(env.DB, caller, key);
  if (before) return repeated(context, before, await hashOf(options, lines ? await hashBody(raw) : ""));

  const now = Date.now();
  const id = jobId();
  const { task, priority, callback } = options;
  const place = placeOf(options, deployment, env);
  const opened = { id, task, options: options.options, ...place, priority, callback, caller };
  await openJob(env.DB, { ...opened, now, expires: now + EXPIRES_MS }, now + UPLOAD_MS);
  const uploaded = lines
    ? await isolate.inFlight.hold(UPLOAD_BYTES, ({ renew }) => upload(env.BUCKET, inputKey(id), raw, renew))
    : { bytes: 0, hash: "" };
  const hash = await hashOf(options, uploaded.hash);
  const due = Date.now();
  const job = await acceptJob(env.DB, id, options.input ?? { upload: uploaded.bytes }, { key, hash }, due);
  if (job) {
    await enqueue(env, { kind: "batch", id, due_at: due }, due);
    return context.json(accepted(job), 202);
  }
  // The same key came twice at once, and the other was faster. What this one uploaded goes as an upload that did not end.
  const other = key === undefined ? undefined : await findByKey(env.DB, caller, key);
  if (!other) throw new Problem("overloaded", "The upload took too long. Send it again.");
  return repeated(context, other, hash);
};
