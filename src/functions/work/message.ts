// What the queue carries: references to rows of the database, so that a message that is lost or comes twice changes nothing.
import * as v from "valibot";

/** A queue takes no longer delay; what is due later is sent on when it arrives. */
const MAX_DELAY_SECONDS = 12 * 60 * 60;

const row = { id: v.string(), due_at: v.number() };

export const MessageSchema = v.variant("kind", [
  /** Pictures of a webhook are to be judged. */
  v.strictObject({ kind: v.literal("receipt"), ...row }),
  /** A webhook is to be sent. */
  v.strictObject({ kind: v.literal("delivery"), ...row }),
  /** A batch as a whole is to be worked on: validated, put together, tidied up, deleted. */
  v.strictObject({ kind: v.literal("batch"), ...row }),
  /** Some chunk is to be worked on, the most urgent one: who sent it meant this, but it may be another's turn. */
  v.strictObject({ kind: v.literal("chunk"), ...row }),
  v.strictObject({ kind: v.literal("sweep") }),
]);
export type Message = v.InferOutput<typeof MessageSchema>;
/** A row that is due at a time; with any other `due_at` the message is out of date. */
export type RowMessage = Exclude<Message, { kind: "sweep" | "chunk" }>;
export type ChunkMessage = Extract<Message, { kind: "chunk" }>;

export interface WorkEnv {
  DB: D1Database;
  WEBHOOKS: Queue<Message>;
}

/** Seconds that a queue shall keep a message. */
export function delayOf({ due_at }: { due_at: number }, now: number): number {
  const seconds = Math.ceil((due_at - now) / 1000);
  return Math.min(Math.max(seconds, 0), MAX_DELAY_SECONDS);
}

/** @param now milliseconds */
export async function enqueue({ WEBHOOKS }: WorkEnv, message: RowMessage, now: number): Promise<void> {
  await WEBHOOKS.send(message, { delaySeconds: delayOf(message, now) });
}
