// Reads the input of a batch once, as a stream: each custom_id is there once, and its lines are cut into chunks.
import { UniqueIds } from "../../core/batch/uniqueIds.ts";
import { linesOf } from "../../core/ndjson/lines.ts";
import { Problem } from "../../core/problem.ts";
import { chunkId, type Span } from "../batches/chunks.ts";
import { inputKey } from "../batches/keys.ts";
import { MAX_LINE_BYTES, readLine } from "../batches/line.ts";
import { clearHeld, insertHeld } from "../chunks/chunkRows.ts";
import { sendTickets } from "../chunks/tickets.ts";
import type { BatchEnv } from "./env.ts";
import { InvalidJob } from "./invalidJob.ts";
import { beginJob, type Leased } from "./jobRows.ts";
import { materialise } from "./materialise.ts";

const CHUNK_ROWS = 64;
const CHUNK_BYTES = 4 * 2 ** 20;
const MAX_ROWS = 2_000_000;
/** Chunks that are written down at once. */
const INSERTED = 1_000;

/** @throws InvalidJob, or a Problem of a part that failed: the job may be validated at another time */
export async function validate(env: BatchEnv, job: Leased): Promise<void> {
  const { BUCKET, DB } = env;
  await materialise(env, job);
  const object = await BUCKET.get(inputKey(job.id));
  if (!object) throw new Problem("internal_error", "The input of a batch is gone.");
  await clearHeld(DB, job.id).run();

  const ids = new UniqueIds();
  const ticketsFor: string[] = [];
  let spans: Span[] = [];
  let open: Span | undefined;
  let rows = 0;
  const flush = async () => {
    await insertHeld(DB, job.id, job.priority, spans);
    ticketsFor.push(...spans.map((span) => chunkId(job.id, span)));
    spans = [];
  };
  for await (const { bytes, offset, length, number } of linesOf(object.body, MAX_LINE_BYTES)) {
    const { custom_id } = readLine(bytes);
    if (custom_id !== null && !ids.add(custom_id))
      throw new InvalidJob(`The custom_id ${JSON.stringify(custom_id)} is repeated.`, number);
    if (rows === MAX_ROWS) throw new InvalidJob(`A batch may have ${MAX_ROWS} lines.`, number);
    const end = offset + length;
    if (open && open.rows < CHUNK_ROWS && end - open.start <= CHUNK_BYTES) {
      open.rows++;
      open.length = end - open.start;
    } else {
      if (open) spans.push(open);
      if (spans.length >= INSERTED) await flush();
      open = { first: rows, rows: 1, line: number, start: offset, length };
    }
    rows++;
  }
  if (!open) throw new InvalidJob("The input has no lines.");
  spans.push(open);
  await flush();
  const now = Date.now();
  if (await beginJob(DB, job, rows, now))
    await sendTickets(
      env,
      ticketsFor.map((id) => ({ id, due_at: now, pulled: job.pulled })),
      now,
    );
}
