// POST /v1/backend/chunks: a backend that pulls takes the most urgent chunk, and gets its pictures as squares of pixels.
import type { Context } from "hono";
import * as v from "valibot";
import { encodeFrame, FRAMES, type Frame } from "../../../core/batch/frames.ts";
import { type ChunkHeader, errorRow, type PullModel } from "../../../core/batch/pulled.ts";
import { Problem } from "../../../core/problem.ts";
import { findJob, type Job } from "../../batches/jobs.ts";
import type { ChunkLine } from "../../chunks/chunkLines.ts";
import { claimChunk, returnChunk } from "../../chunks/chunkRows.ts";
import { lookAt } from "../../chunks/lookAt.ts";
import { begin, settle } from "../../chunks/settle.ts";
import { parseOptions } from "../../input/parseOptions.ts";
import type { AppTypes, Env } from "../env.ts";
import type { Isolate } from "../isolate.ts";
import { readJson } from "../readInput.ts";
import { answeringOf, modelOfSpace, spaceField } from "./model.ts";

const leaseSeconds = v.pipe(
  v.number("must be a number"),
  v.integer(),
  v.minValue(30, "must be 30 to 3600"),
  v.maxValue(3_600, "must be 30 to 3600"),
);
export const TakeSchema = v.strictObject({
  space: spaceField,
  /** For so long the chunk is the backend's. */
  lease_seconds: v.optional(leaseSeconds, 240),
});
export const ReturnSchema = v.strictObject({
  chunk: v.string("must be the id of a chunk"),
  lease: v.number("must be the chunk's lease"),
});

/** Squares on their way: what the reader has not taken yet. */
async function* framesOf(
  env: Env,
  isolate: Isolate,
  job: Job,
  model: PullModel,
  header: ChunkHeader,
  lines: readonly ChunkLine[],
): AsyncGenerator<Frame["payload"]> {
  yield encodeFrame(header);
  let row = 0;
  for await (const seen of lookAt(env, isolate.inFlight, job, model, lines)) {
    if (seen instanceof Problem) yield encodeFrame(errorRow(row, seen));
    else {
      const { squares, animated, frames } = seen;
      yield encodeFrame({ row, views: squares.length, animated, frames }, squares);
    }
    row++;
  }
}

/** 204 where nothing is due, or what was due needs no backend. */
export const takeChunk =
  (isolate: Isolate) =>
  async (context: Context<AppTypes>): Promise<Response> => {
    const { env } = context;
    const { space, lease_seconds } = parseOptions(TakeSchema, await readJson(context.req.raw));
    const model = modelOfSpace(env, space);
    const now = Date.now();
    const chunk = await claimChunk(env.DB, 1, now, now + lease_seconds * 1000);
    const job = chunk && (await findJob(env.DB, chunk.batch));
    if (!chunk || !job) return context.body(null, 204);
    let open: ChunkLine[] = [];
    await settle(env, job, chunk, async () => {
      const begun = await begin(env, answeringOf(job, model, isolate.deployment()), job, chunk);
      if ("outcome" in begun) return begun.outcome;
      open = begun.lines;
      return undefined;
    });
    if (open.length === 0) return context.body(null, 204);
    const header = {
      chunk: chunk.id,
      lease: chunk.due_at,
      rows: chunk.rows,
      model: { id: model.id, space },
      size: model.size,
    };
    const frames = framesOf(env, isolate, job, model, header, open);
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { value, done } = await frames.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await frames.return(undefined);
      },
    });
    return new Response(body, { headers: { "content-type": FRAMES } });
  };

/** POST /v1/backend/returns: the backend stops before it looked at the chunk, which is due again at once. */
export async function returnTaken(context: Context<AppTypes>): Promise<Response> {
  const { chunk, lease } = parseOptions(ReturnSchema, await readJson(context.req.raw));
  await returnChunk(context.env.DB, chunk, lease, Date.now());
  return context.body(null, 204);
}
