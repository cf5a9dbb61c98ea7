// GET /v1/batches: jobs, the newest first. GET /v1/batches/{id}: one of them. POST …/cancel and DELETE: its end.
import type { Context } from "hono";
import * as v from "valibot";
import { Problem } from "../../../core/problem.ts";
import { quoted } from "../../../core/quoted.ts";
import { deleteJob, findJob, isListed, type Job, listJobs, stopJob } from "../../batches/jobs.ts";
import { told } from "../../batches/told.ts";
import { parseOptions } from "../../input/parseOptions.ts";
import { enqueue } from "../../work/message.ts";
import type { AppTypes } from "../env.ts";
import { noSuchCursor, pageSize } from "../page.ts";
import { queryOptions } from "../readInput.ts";
import { ownerOf } from "./owner.ts";

export const BatchListSchema = v.strictObject({
  limit: v.optional(pageSize, "20"),
  /** Id of the last job of the page before. */
  after: v.optional(v.string()),
});

const notFound = (id: string): Problem => new Problem("batch_not_found", `There is no batch ${quoted(id)}.`);

/** @throws Problem `batch_not_found` */
export async function jobOf(context: Context<AppTypes>): Promise<Job> {
  const id = context.req.param("id") ?? "";
  const job = await findJob(context.env.DB, id, ownerOf(context));
  if (!job) throw notFound(id);
  return job;
}

export async function batches(context: Context<AppTypes>): Promise<Response> {
  const { DB } = context.env;
  const owner = ownerOf(context);
  const { limit, after } = parseOptions(BatchListSchema, queryOptions(context.req.raw));
  const jobs = await listJobs(DB, limit + 1, after, owner);
  if (jobs.length === 0 && after !== undefined && !(await isListed(DB, after, owner))) throw noSuchCursor("batch");
  const now = Date.now();
  const data = jobs.slice(0, limit).map((job) => told(job, now));
  return context.json({ object: "list", data, has_more: jobs.length > limit });
}

export async function batch(context: Context<AppTypes>): Promise<Response> {
  return context.json(told(await jobOf(context), Date.now()));
}

/** A job that has ended stays as it is. */
export async function cancelBatch(context: Context<AppTypes>): Promise<Response> {
  const { env } = context;
  const { id } = await jobOf(context);
  await stopJob(env.DB, id, "cancelled", Date.now());
  // What waits to be tried again is not waited for.
  await env.WEBHOOKS.send({ kind: "sweep" });
  return batch(context);
}

export async function deleteBatch(context: Context<AppTypes>): Promise<Response> {
  const { env } = context;
  const { id } = await jobOf(context);
  const now = Date.now();
  if (!(await deleteJob(env.DB, id, now))) throw notFound(id);
  await enqueue(env, { kind: "batch", id, due_at: now }, now);
  return context.json({ id, object: "batch", deleted: true });
}
