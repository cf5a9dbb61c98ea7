// POST /v1/backend/results: a backend that pulls brings the vectors of a chunk; its lines are answered from them and settled.
import type { Context } from "hono";
import * as v from "valibot";
import { readFrames } from "../../../core/batch/frames.ts";
import { readRow } from "../../../core/batch/pulled.ts";
import { Problem } from "../../../core/problem.ts";
import { findJob } from "../../batches/jobs.ts";
import { declaredBytes, readBody } from "../../body/readBody.ts";
import { answerViews } from "../../chunks/answerViews.ts";
import { findPending } from "../../chunks/chunkRows.ts";
import { parseLines } from "../../chunks/parseLines.ts";
import { begin, conclude, settle } from "../../chunks/settle.ts";
import { parseOptions } from "../../input/parseOptions.ts";
import type { Views } from "../../moderation/viewsOf.ts";
import type { AppTypes } from "../env.ts";
import type { Isolate } from "../isolate.ts";
import { answeringOf, modelOfSpace, spaceField } from "./model.ts";

const BODY_BYTES_CAP = 32 * 2 ** 20;
/** How far the square of a unit vector's length may be from 1: fp16 engines round. */
const UNIT = 0.02;

export const CommitQuerySchema = v.strictObject({
  chunk: v.pipe(v.string("must be the id of a chunk"), v.minLength(1)),
  lease: v.pipe(
    v.string("must be the chunk's lease"),
    v.regex(/^\d{1,15}$/, "must be the chunk's lease"),
    v.transform(Number),
  ),
  space: spaceField,
});

/** @param bytes fp32 [N, D], little-endian. @throws Problem `invalid_request` */
function vectorsOf(bytes: Uint8Array<ArrayBuffer>, views: number, width: number, row: number): Float32Array[] {
  const wrong = (message: string) => new Problem("invalid_request", `Row ${row} ${message}.`);
  if (bytes.length !== views * width * 4) throw wrong(`has no ${views} vectors of width ${width}`);
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, views * width);
  return Array.from({ length: views }, (_, at) => {
    const vector = all.slice(at * width, (at + 1) * width);
    const square = vector.reduce((sum, value) => sum + value * value, 0);
    // Also false where one is not finite.
    if (!(Math.abs(square - 1) <= UNIT)) throw wrong("has a vector that is none of length 1");
    return vector;
  });
}

/** One entry a row of the chunk, in order. @throws Problem `invalid_request` */
async function readRows(body: Uint8Array<ArrayBuffer>, rows: number, width: number): Promise<(Views | Problem)[]> {
  const read: (Views | Problem)[] = [];
  async function* once() {
    yield body;
  }
  for await (const { header, payload } of readFrames(once(), body.length)) {
    const at = read.length;
    const row = readRow(header, at);
    if ("error" in row) read.push(new Problem(row.error.code, row.error.detail));
    else {
      const { views, animated, frames } = row;
      read.push({ vectors: vectorsOf(payload, views, width, at), animated, frames });
    }
  }
  if (read.length !== rows) throw new Problem("invalid_request", `The chunk has ${rows} rows, not ${read.length}.`);
  return read;
}

/** Safe to be sent again: the first answers that are written count. */
export const commitChunk =
  (isolate: Isolate) =>
  async (context: Context<AppTypes>): Promise<Response> => {
    const { env } = context;
    const { raw } = context.req;
    const options = Object.fromEntries(new URL(raw.url).searchParams);
    const { chunk: id, lease, space } = parseOptions(CommitQuerySchema, { options, form: "parameters" });
    const model = modelOfSpace(env, space);
    return isolate.inFlight.hold(declaredBytes(raw, BODY_BYTES_CAP), async () => {
      const body = await readBody(raw, BODY_BYTES_CAP);
      const chunk = await findPending(env.DB, id);
      const job = chunk && (await findJob(env.DB, chunk.batch));
      if (!chunk || !job) return context.json({ chunk: id, state: "gone" });
      const views = await readRows(body, chunk.rows, model.embed_dim);
      // Answers count whoever holds the chunk by now; to split or postpone it, it must still be this backend's.
      const own = { ...chunk, due_at: lease };
      const { deployment, inFlight, texts } = isolate;
      const state = await settle(env, job, own, async () => {
        // It is answered now, however often others tried.
        const working = { deployment: deployment(), inFlight, texts };
        const begun = await begin(env, answeringOf(job, model, working.deployment), job, { ...own, attempts: 1 });
        if ("outcome" in begun) return begun.outcome;
        const answers = await answerViews(env, working, job, parseLines(job, begun.lines), views);
        return conclude(env, job, own, begun.lines, answers);
      });
      return context.json({ chunk: id, state });
    });
  };
