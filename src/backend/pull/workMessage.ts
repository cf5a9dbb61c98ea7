// What one message brings: a chunk is taken, its pictures are encoded, its vectors committed; only then the message is acknowledged.
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { type ChunkHeader, errorRow } from "../../core/batch/pulled.ts";
import { Problem } from "../../core/problem.ts";
import type { PullApi, Taken } from "./api.ts";
import { type EncodeOptions, encodeRows } from "./encodeRows.ts";
import type { Ended } from "./puller.ts";
import type { PullMetrics } from "./pullMetrics.ts";
import type { Leased } from "./queue.ts";

/** Says that some chunk is to be worked on; the api knows which. */
const TicketSchema = v.object({ kind: v.literal("chunk"), due_at: v.number() });

/** Before each attempt at committing what was encoded; twice is the same as once. */
const COMMIT_MS = [0, 500, 2_000, 8_000];
/** Of a message whose chunk could not be taken: doubled each time it comes. */
const RETRY_SECONDS = 5;
const MAX_RETRY_SECONDS = 600;

export interface WorkOptions extends EncodeOptions {
  api: PullApi;
  space: string;
  leaseSeconds: number;
  metrics: PullMetrics;
  log(line: string): void;
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Others may have the chunk once its lease is over. */
const afterLease = ({ lease }: ChunkHeader): Ended => ({ retry: Math.max(0, (lease - Date.now()) / 1_000) + 1 });

/** @throws the last failure */
async function commit(
  api: PullApi,
  header: ChunkHeader,
  rows: Parameters<PullApi["commit"]>[1],
): ReturnType<PullApi["commit"]> {
  for (const [at, wait] of COMMIT_MS.entries()) {
    await sleep(wait);
    try {
      return await api.commit(header, rows);
    } catch (error) {
      // What is refused stays refused.
      const passing = !(error instanceof Problem) || error.status >= 500 || error.status === 429;
      if (!passing || at === COMMIT_MS.length - 1) throw error;
    }
  }
  throw new RangeError("no attempt was made");
}

async function finish({ header, rows }: Taken, options: WorkOptions, stop: AbortSignal): Promise<Ended> {
  const { api, metrics, log } = options;
  const start = performance.now();
  const tell = (state: string) => metrics.chunk(state, header.rows, (performance.now() - start) / 1_000);
  let encoded: Parameters<PullApi["commit"]>[1];
  try {
    encoded = await encodeRows(rows, options, stop);
    if (encoded.length !== header.rows) throw new Error(`${encoded.length} of ${header.rows} lines came`);
  } catch (error) {
    if (stop.aborted) {
      await api
        .giveBack(header)
        .catch((failure: unknown) => log(`${header.chunk} is held until its lease ends: ${said(failure)}`));
      tell("returned");
      return { retry: 0 };
    }
    metrics.failed("encode");
    log(`${header.chunk} could not be encoded: ${said(error)}`);
    // Told as what failed, so that attempts are counted and a line that ends whoever reads it is found.
    const problem = new Problem("backend_unavailable", said(error));
    encoded = Array.from({ length: header.rows }, (_, row) => [errorRow(row, problem), []]);
  }
  try {
    tell(await commit(api, header, encoded));
    return "ack";
  } catch (error) {
    metrics.failed("commit");
    log(`${header.chunk} could not be committed: ${said(error)}`);
    return afterLease(header);
  }
}

export async function workMessage(message: Leased, options: WorkOptions, stop: AbortSignal): Promise<Ended> {
  const { api, space, leaseSeconds, metrics, log } = options;
  const ticket = v.safeParse(TicketSchema, message.body);
  if (!ticket.success) {
    log(`message ${message.id} is none of ours`);
    return "ack";
  }
  const early = (ticket.output.due_at - Date.now()) / 1_000;
  if (early > 0) return { retry: early };
  let taken: Taken | undefined;
  try {
    taken = await api.take(space, leaseSeconds, stop);
  } catch (error) {
    if (stop.aborted) return { retry: 0 };
    metrics.failed("take");
    log(`no chunk could be taken: ${said(error)}`);
    const doubled = Math.min(RETRY_SECONDS * 2 ** Math.min(message.attempts - 1, 10), MAX_RETRY_SECONDS);
    const asked = error instanceof Problem ? (error.retryAfter ?? 0) : 0;
    return { retry: Math.max(doubled * (0.9 + 0.2 * Math.random()), asked) };
  }
  // What the message was sent for was taken by another's, or needs no backend any more.
  return taken ? finish(taken, options, stop) : "ack";
}
