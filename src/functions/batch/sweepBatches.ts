// Batches that are late, stand still or are old: what is left is answered as expired, messages that were lost are sent again, what is old is deleted.
import { deleteJob, stopJob } from "../batches/jobs.ts";
import { sendTickets, type Ticket } from "../chunks/tickets.ts";
import { log } from "../log/log.ts";
import type { BatchEnv } from "./env.ts";

/** Jobs that one sweep takes. */
const JOBS = 100;
/** Chunks of a job that are given to the queue again: any message serves any chunk, and a job that only waits its turn gets them too. */
const CHUNKS = 1_000;
/** Nothing of a job came to an end for so long, though there is something to do: its messages may be lost. */
const STILL_MS = 2 * 60_000;

async function idsOf(statement: D1PreparedStatement): Promise<string[]> {
  const { results } = await statement.all<{ id: string }>();
  return results.map(({ id }) => id);
}

/** @param old what ended before then is deleted */
export async function sweepBatches(env: BatchEnv, { now, old }: { now: number; old: number }): Promise<void> {
  const { DB } = env;
  const late = DB.prepare(
    `SELECT id FROM batches WHERE status IN ('validating', 'in_progress') AND stopped IS NULL AND expires_at <= ? LIMIT ?`,
  );
  for (const id of await idsOf(late.bind(now, JOBS))) await stopJob(DB, id, "expired", now);

  const still = DB.prepare(
    `SELECT id FROM batches WHERE status = 'in_progress' AND deleted_at IS NULL AND active_at <= ? ORDER BY active_at LIMIT ?`,
  );
  for (const id of await idsOf(still.bind(now - STILL_MS, JOBS))) {
    const { results } = await DB.prepare(
      "SELECT id, due_at, pulled FROM chunks WHERE batch = ? AND state = 'pending' AND due_at <= ? ORDER BY due_at LIMIT ?",
    )
      .bind(id, now, CHUNKS)
      .all<Ticket>();
    try {
      await sendTickets(env, results, now);
      await DB.prepare("UPDATE batches SET active_at = ? WHERE id = ?").bind(now, id).run();
    } catch (error) {
      // The queue of one job is no reason to leave the others; the next sweep tries again.
      log("error", "a batch that stands still could not be put into the queue again", { id }, error);
    }
  }

  const ended = DB.prepare("SELECT id FROM batches WHERE finished_at < ? AND deleted_at IS NULL LIMIT ?");
  for (const id of await idsOf(ended.bind(old, JOBS))) await deleteJob(DB, id, now);
}
