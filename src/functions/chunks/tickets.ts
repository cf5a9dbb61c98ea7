// Messages that say a chunk is to be worked on. There is one for each, and any of them serves for the most urgent of its queue.
import type { Chunk } from "../batches/chunks.ts";
import { type ChunkMessage, delayOf } from "../work/message.ts";
import type { ChunkEnv } from "./env.ts";

/** Messages of one call. */
const BATCH = 100;

export type Ticket = Pick<Chunk, "id" | "due_at" | "pulled">;

/** Where a queue is not bound, the sweep of the Worker that has it sends them. */
export async function sendTickets(
  { BATCHES, PULL_QUEUE }: Pick<ChunkEnv, "BATCHES" | "PULL_QUEUE">,
  chunks: readonly Ticket[],
  now: number,
): Promise<void> {
  for (const [pulled, queue] of [[0, BATCHES] as const, [1, PULL_QUEUE] as const]) {
    const messages = chunks
      .filter((chunk) => chunk.pulled === pulled)
      .map(({ id, due_at }) => ({
        body: { kind: "chunk", id, due_at } satisfies ChunkMessage,
        delaySeconds: delayOf({ due_at }, now),
      }));
    for (let at = 0; at < messages.length; at += BATCH) await queue?.sendBatch(messages.slice(at, at + BATCH));
  }
}
