// GET /v1/batches/{id}/results and …/errors: what is done so far, in the order of the input. Of a finished job also ranges of bytes, and vectors for NumPy.
import type { Context } from "hono";
import * as v from "valibot";
import { Problem } from "../../../core/problem.ts";
import { doneChunks, sectionOf } from "../../batches/chunks.ts";
import type { Job } from "../../batches/jobs.ts";
import { chunkKey, type Output, outputKey } from "../../batches/keys.ts";
import { parseOptions } from "../../input/parseOptions.ts";
import type { AppTypes, Env } from "../env.ts";
import { queryOptions } from "../readInput.ts";
import { jobOf } from "./jobs.ts";
import { rangeOf } from "./ranges.ts";

const NDJSON = "application/x-ndjson";
/** Chunks of one page of the database. */
const PAGE = 200;
/** Chunks of one answer, each a read of the bucket; what is behind them is linked to. */
const MOST = 4_000;

const from = v.pipe(v.string(), v.regex(/^\d{1,9}$/, "must be the number of a line, from 0"), v.transform(Number));
export const ErrorsSchema = v.strictObject({
  /** Of a job at work: only what is behind so many lines. */
  from: v.optional(from, "0"),
});
export const ResultsSchema = v.strictObject({
  ...ErrorsSchema.entries,
  format: v.optional(v.picklist(["ndjson", "npy"], "must be ndjson or npy"), "ndjson"),
});

const isAssembled = ({ finished_at, status }: Job): boolean => finished_at !== null && status !== "failed";

/** An object of a finished job, or the range of it that is asked for. */
async function assembled(context: Context<AppTypes>, job: Job, output: Output): Promise<Response> {
  const { BUCKET } = context.env;
  const key = outputKey(job.id, output);
  const found = await BUCKET.head(key);
  if (!found) throw new Problem("batch_not_found", "The results of this batch are being deleted.");
  const { size, httpEtag } = found;
  const headers: Record<string, string> = {
    ...{ "accept-ranges": "bytes", etag: httpEtag },
    "content-type": found.httpMetadata?.contentType ?? NDJSON,
  };
  const condition = context.req.header("if-range");
  const stale = condition !== undefined && condition !== httpEtag;
  const range = stale ? undefined : rangeOf(context.req.header("range"), size);
  if (range === null) {
    const problem = new Problem("range_not_satisfiable", `There are ${size} bytes.`);
    const response = problem.toResponse(context.get("requestId"));
    response.headers.set("content-range", `bytes */${size}`);
    return response;
  }
  const object = await BUCKET.get(key, range ? { range } : {});
  if (!object) throw new Problem("batch_not_found", "The results of this batch are being deleted.");
  const length = range?.length ?? size;
  if (range) headers["content-range"] = `bytes ${range.offset}-${range.offset + length - 1}/${size}`;
  headers["content-length"] = String(length);
  const body = object.body.pipeThrough(new FixedLengthStream(length));
  return new Response(body, { status: range ? 206 : 200, headers });
}

/** The answers of chunks, one after the other. */
async function* sections({ DB, BUCKET }: Env, job: Job, output: Output, first: number): AsyncGenerator<Uint8Array> {
  let left = MOST;
  for (let next = first; left > 0; ) {
    const page = await doneChunks(DB, job.id, next, Math.min(PAGE, left));
    for (const chunk of page) {
      const range = sectionOf(chunk, output, job.dim);
      if (range.length === 0) continue;
      const object = await BUCKET.get(chunkKey(job.id, chunk), { range });
      if (!object) throw new Error(`the answers of chunk ${chunk.id} are gone`);
      yield new Uint8Array(await object.arrayBuffer());
    }
    left -= page.length;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    next = last.first + 1;
  }
}

async function soFar(context: Context<AppTypes>, job: Job, output: Output, first: number): Promise<Response> {
  const { env } = context;
  const beyond = await env.DB.prepare(
    "SELECT first FROM chunks WHERE batch = ? AND state = 'done' AND first >= ? ORDER BY first LIMIT 1 OFFSET ?",
  )
    .bind(job.id, first, MOST)
    .first<{ first: number }>();
  const headers: Record<string, string> = { "content-type": NDJSON };
  if (beyond) {
    const next = new URL(context.req.url);
    next.searchParams.set("from", String(beyond.first));
    headers.link = `<${next.pathname}${next.search}>; rel="next"`;
  }
  const parts = sections(env, job, output, first);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  return new Response(body, { headers });
}

/** Who follows a link of a job that has ended meanwhile comes to the end, as long as its chunks are there. */
async function answersOf(context: Context<AppTypes>, job: Job, output: Output, first: number): Promise<Response> {
  if (!isAssembled(job)) return soFar(context, job, output, first);
  if (first === 0) return assembled(context, job, output);
  const [chunk] = await doneChunks(context.env.DB, job.id, 0, 1);
  if (chunk) return soFar(context, job, output, first);
  const message = "is for a batch at work, and this one has ended: leave it out, or ask for a range of bytes";
  throw new Problem("invalid_request", `from ${message}.`, { errors: [{ parameter: "from", message }] });
}

export async function batchResults(context: Context<AppTypes>): Promise<Response> {
  const { format, from: first } = parseOptions(ResultsSchema, queryOptions(context.req.raw));
  const job = await jobOf(context);
  if (format === "ndjson") return answersOf(context, job, "results", first);
  if (job.task !== "embed") {
    const message = "npy is for the task embed";
    throw new Problem("invalid_request", `format: ${message}.`, { errors: [{ parameter: "format", message }] });
  }
  if (isAssembled(job)) return assembled(context, job, "vectors");
  throw new Problem("batch_not_finished", `This batch is ${job.status}: its vectors are put together in the end.`);
}

export async function batchErrors(context: Context<AppTypes>): Promise<Response> {
  const { from: first } = parseOptions(ErrorsSchema, queryOptions(context.req.raw));
  const job = await jobOf(context);
  return answersOf(context, job, "errors", first);
}
