// What the database knows and the queue may have lost is put into the queue again; what is old is deleted.
import type { RowMessage } from "../work/message.ts";
import type { BatchEnv } from "./env.ts";
import { sweepBatches } from "./sweepBatches.ts";

/** The most that one sweep takes of each kind; the next goes on. */
const MOST = 1_000;
/** Messages of one call. */
const BATCH = 100;
const RETENTION_MS = 30 * 24 * 60 * 60 * 1000;

interface Open {
  kind: RowMessage["kind"];
  table: string;
  /** SQL of what is to be worked on. */
  open: string;
  /** SQL of what may be deleted once it is old. */
  done: string;
}
const OPEN: readonly Open[] = [
  { kind: "receipt", table: "receipts", open: "state <> 'done'", done: "state = 'done'" },
  { kind: "delivery", table: "deliveries", open: "state = 'pending'", done: "state <> 'pending'" },
  // What lies in the bucket goes before the row does: see sweepBatches.
  { kind: "batch", table: "batches", open: "due_at IS NOT NULL", done: "false" },
];

/** A row whose message is still on its way gets a second one, which finds the row moved on and does nothing. */
export async function sweep(env: BatchEnv, now: number): Promise<void> {
  const { DB, WEBHOOKS } = env;
  for (const { kind, table, open, done } of OPEN) {
    const { results } = await DB.prepare(
      `SELECT id, due_at FROM ${table} WHERE ${open} AND due_at <= ? ORDER BY due_at LIMIT ?`,
    )
      .bind(now, MOST)
      .all<{ id: string; due_at: number }>();
    for (let at = 0; at < results.length; at += BATCH) {
      await WEBHOOKS.sendBatch(results.slice(at, at + BATCH).map(({ id, due_at }) => ({ body: { kind, id, due_at } })));
    }
    await DB.prepare(
      `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE created_at < ? AND ${done} LIMIT ?)`,
    )
      .bind(now - RETENTION_MS, MOST)
      .run();
  }
  await sweepBatches(env, { now, old: now - RETENTION_MS });
}
