// Messages that say a chunk is to be worked on. There is one for each, and any of them serves for the most urgent.
import { type ChunkMessage, delayOf } from "../work/message.ts";
import type { BatchEnv } from "./env.ts";

/** Messages of one call. */
const BATCH = 100;

export async function sendTickets(
  { BATCHES }: Pick<BatchEnv, "BATCHES">,
  chunks: readonly { id: string; due_at: number }[],
  now: number,
): Promise<void> {
  const messages = chunks.map(({ id, due_at }) => ({
    body: { kind: "chunk", id, due_at } satisfies ChunkMessage,
    delaySeconds: delayOf({ due_at }, now),
  }));
  for (let at = 0; at < messages.length; at += BATCH) await BATCHES.sendBatch(messages.slice(at, at + BATCH));
}
