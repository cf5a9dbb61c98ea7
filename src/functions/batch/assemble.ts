// Puts the answers of a job's chunks together: one object of results, one of errors, one of vectors, each in input order.
// One invocation may ask the bucket 10,000 times, so it goes on where the last one stopped, with the part that this one began.
import * as v from "valibot";
import { npyHeader } from "../../core/batch/npyHeader.ts";
import { Problem } from "../../core/problem.ts";
import { type DoneChunk, doneChunks, sectionOf } from "../batches/chunks.ts";
import { begunKey, chunkKey, type Output, outputKey } from "../batches/keys.ts";
import type { BatchEnv } from "./env.ts";
import type { Leased } from "./jobRows.ts";

/** R2 wants parts of equal size, 5 MiB at least, and 10,000 at most. */
const PART_BYTES = 8 * 2 ** 20;
const MAX_PARTS = 9_500;
/** Chunks of one page, and those that are read at once. */
const PAGE = 240;
const WIDTH = 6;
/** Of the bucket by one invocation: half of what it may. */
const MAX_READS = 5_000;

const CONTENT_TYPES: Record<Output, string> = {
  results: "application/x-ndjson",
  errors: "application/x-ndjson",
  vectors: "application/octet-stream",
};

const AssemblySchema = v.object({
  output: v.number(),
  upload: v.nullable(v.string()),
  parts: v.array(v.object({ partNumber: v.number(), etag: v.string() })),
  /** Where the next part begins: the first row of a chunk, and bytes of its section. */
  row: v.number(),
  offset: v.number(),
  /** Bytes of the next part that lie in the bucket already. */
  begun: v.optional(v.number(), 0),
});
type Assembly = v.InferOutput<typeof AssemblySchema>;

const start = (output: number): Assembly => ({ output, upload: null, parts: [], row: 0, offset: 0, begun: 0 });

const read = (text: string | null): Assembly =>
  text === null ? start(0) : v.parse(v.pipe(v.string(), v.parseJson(), AssemblySchema), text);

interface Plan {
  job: Leased;
  output: Output;
  header: Uint8Array<ArrayBuffer>;
  /** Of the whole object. */
  bytes: number;
  partBytes: number;
}

async function planOf(db: D1Database, job: Leased, output: Output, smallest: number): Promise<Plan> {
  const sums = await db
    .prepare(
      `SELECT coalesce(sum(results_bytes), 0) AS results, coalesce(sum(errors_bytes), 0) AS errors, coalesce(sum(rows), 0) AS rows
       FROM chunks WHERE batch = ? AND state = 'done'`,
    )
    .bind(job.id)
    .first<{ results: number; errors: number; rows: number }>();
  const { results = 0, errors = 0, rows = 0 } = sums ?? {};
  if (rows !== job.total) throw new Problem("internal_error", `Of ${job.total} lines ${rows} are answered.`);
  const header = output === "vectors" ? npyHeader(rows, job.dim) : new Uint8Array();
  const bytes = header.length + { results, errors, vectors: rows * job.dim * 4 }[output];
  return { job, output, header, bytes, partBytes: Math.max(smallest, Math.ceil(bytes / MAX_PARTS)) };
}

interface Section {
  row: number;
  bytes: Uint8Array;
}

/** What lies behind a place, chunk by chunk. */
async function* sections(
  { DB, BUCKET }: BatchEnv,
  { job, output }: Plan,
  { row, offset }: Assembly,
): AsyncGenerator<Section> {
  const fetched = async (chunk: DoneChunk): Promise<Section> => {
    const section = sectionOf(chunk, output, job.dim);
    const skipped = chunk.first === row ? offset : 0;
    const range = { offset: section.offset + skipped, length: section.length - skipped };
    if (range.length === 0) return { row: chunk.first, bytes: new Uint8Array() };
    const object = await BUCKET.get(chunkKey(job.id, chunk), { range });
    if (!object) throw new Problem("internal_error", "The answers of a chunk are gone.");
    return { row: chunk.first, bytes: new Uint8Array(await object.arrayBuffer()) };
  };
  for (let from = row; ; ) {
    const page = await doneChunks(DB, job.id, from, PAGE);
    for (let at = 0; at < page.length; at += WIDTH) yield* await Promise.all(page.slice(at, at + WIDTH).map(fetched));
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    from = last.first + 1;
  }
}

/** @returns where to go on, undefined once the object is there */
async function writeOutput(
  env: BatchEnv,
  plan: Plan,
  from: Assembly,
  until: (reads: number) => boolean,
): Promise<Assembly | undefined> {
  const { BUCKET } = env;
  const { job, output } = plan;
  const key = outputKey(job.id, output);
  const there = await BUCKET.head(key);
  if (there?.size === plan.bytes) return undefined;
  const httpMetadata = { contentType: CONTENT_TYPES[plan.output] };
  const state: Assembly = { ...from, parts: [...from.parts] };
  const part = new Uint8Array(Math.min(plan.partBytes, plan.bytes));
  let held = from.begun;
  if (held > 0) {
    const begun = await BUCKET.get(begunKey(job.id, output, from.row));
    if (begun?.size !== held) throw new Problem("internal_error", "A part that was begun is gone.");
    part.set(new Uint8Array(await begun.arrayBuffer()));
  } else if (state.parts.length === 0) {
    part.set(plan.header);
    held = plan.header.length;
  }
  const upload = async () => {
    const multipart = state.upload
      ? BUCKET.resumeMultipartUpload(key, state.upload)
      : await BUCKET.createMultipartUpload(key, { httpMetadata });
    state.upload = multipart.uploadId;
    state.parts.push(await multipart.uploadPart(state.parts.length + 1, part.subarray(0, held)));
    held = 0;
    return multipart;
  };
  for await (const { row, bytes } of sections(env, plan, from)) {
    const skipped = row === from.row ? from.offset : 0;
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + part.length - held);
      part.set(piece, held);
      held += piece.length;
      at += piece.length;
      if (held < plan.partBytes || plan.bytes <= plan.partBytes) continue;
      await upload();
      [state.row, state.offset, state.begun] = [row, skipped + at, 0];
      if (until(0)) return state;
    }
    // Where the last invocation stopped, nothing is left of the first chunk: stopping here again would lead nowhere.
    if (bytes.length === 0 || !until(1)) continue;
    // Named by where it ends: should this state not be kept, the one before still finds its own.
    await BUCKET.put(begunKey(job.id, output, row), part.subarray(0, held));
    return { ...state, row, offset: skipped + bytes.length, begun: held };
  }
  if (!state.upload) {
    await BUCKET.put(key, part.subarray(0, held), { httpMetadata });
    return undefined;
  }
  const multipart = held > 0 ? await upload() : BUCKET.resumeMultipartUpload(key, state.upload);
  await multipart.complete(state.parts);
  return undefined;
}

export interface AssembleOptions {
  /** Of one invocation. */
  limitMs: number;
  /** Bytes of a part, where they are not what R2 takes at least. */
  partBytes?: number;
  /** Chunks that one invocation reads. */
  maxReads?: number;
}

/** @returns how far it is, to be handed on to the next invocation; undefined once everything is put together */
export async function assemble(
  env: BatchEnv,
  job: Leased,
  { limitMs, partBytes = PART_BYTES, maxReads = MAX_READS }: AssembleOptions,
): Promise<string | undefined> {
  const outputs: Output[] = job.task === "embed" ? ["results", "errors", "vectors"] : ["results", "errors"];
  const end = Date.now() + limitMs;
  let reads = 0;
  const until = (more: number) => {
    reads += more;
    return reads >= maxReads || Date.now() >= end;
  };
  let state = read(job.assembly);
  for (let output = outputs[state.output]; output; output = outputs[state.output]) {
    const plan = await planOf(env.DB, job, output, partBytes);
    const rest = await writeOutput(env, plan, state, until);
    if (rest) return JSON.stringify(rest);
    state = start(state.output + 1);
    if (until(0) && outputs[state.output]) return JSON.stringify(state);
  }
  return undefined;
}
