// The queue's consumer. A message is acknowledged once the database knows how its work ended or goes on.
import * as v from "valibot";
import { sendTickets } from "../chunks/tickets.ts";
import type { Working } from "../chunks/working.ts";
import { log } from "../log/log.ts";
import { enqueue, MessageSchema, type Message as Work } from "../work/message.ts";
import { deliver } from "./deliver.ts";
import type { BatchEnv } from "./env.ts";
import { judgeReceipt } from "./judgeReceipt.ts";
import { sweep } from "./sweep.ts";
import { workBatch } from "./workBatch.ts";
import { workChunk } from "./workChunk.ts";

/** Before a message comes again whose work failed in a way that was not foreseen, e.g. while the database is away. */
const RETRY_SECONDS = 10;

/** What takes memory is done one after the other. */
const HEAVY = new Set<Work["kind"]>(["receipt", "batch", "chunk"]);

async function perform(env: BatchEnv, working: () => Working, work: Work): Promise<void> {
  const now = Date.now();
  if (work.kind === "sweep") return sweep(env, now);
  if (work.kind === "chunk")
    return work.due_at > now ? sendTickets(env, [{ ...work, pulled: 0 }], now) : workChunk(env, working());
  // Longer than a queue can delay, or two clocks that differ.
  if (work.due_at > now) return enqueue(env, work, now);
  switch (work.kind) {
    case "delivery":
      return deliver(env, work);
    case "receipt":
      return judgeReceipt(env, working(), work);
    case "batch":
      return workBatch(env, work);
  }
}

export async function consume(env: BatchEnv, working: () => Working, messages: readonly Message[]): Promise<void> {
  const settle = async (message: Message, work: Work): Promise<void> => {
    try {
      await perform(env, working, work);
      message.ack();
    } catch (error) {
      log("error", "a message comes again", { id: message.id, kind: work.kind }, error);
      message.retry({ delaySeconds: RETRY_SECONDS });
    }
  };
  const beside: Promise<void>[] = [];
  const heavy: [Message, Work][] = [];
  for (const message of messages) {
    const parsed = v.safeParse(MessageSchema, message.body);
    if (!parsed.success) {
      log("error", "a message is none of ours", { id: message.id });
      message.ack();
    } else if (HEAVY.has(parsed.output.kind)) heavy.push([message, parsed.output]);
    else beside.push(settle(message, parsed.output));
  }
  for (const [message, work] of heavy) await settle(message, work);
  await Promise.all(beside);
}

/** What the queue gave up on. The database still knows it, and the sweep brings it again: it is told to people. */
export function consumeDead(messages: readonly Message[]): void {
  for (const message of messages) {
    const parsed = v.safeParse(MessageSchema, message.body);
    const work = parsed.success && "id" in parsed.output ? parsed.output.id : undefined;
    log("error", "a message was given up by the queue", { id: message.id, work });
    message.ack();
  }
}
