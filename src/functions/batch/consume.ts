// The queue's consumer. A message is acknowledged once the database knows how its work ended or goes on.
import * as v from "valibot";
import { log } from "../log/log.ts";
import { enqueue, MessageSchema, type Message as Work } from "../work/message.ts";
import { deliver } from "./deliver.ts";
import type { BatchEnv } from "./env.ts";
import { type Judging, judgeReceipt } from "./judgeReceipt.ts";
import { sweep } from "./sweep.ts";

/** Before a message comes again whose work failed in a way that was not foreseen, e.g. while the database is away. */
const RETRY_SECONDS = 10;

async function perform(env: BatchEnv, judging: () => Judging, work: Work): Promise<void> {
  const now = Date.now();
  if (work.kind === "sweep") return sweep(env, now);
  // Longer than a queue can delay, or two clocks that differ.
  if (work.due_at > now) return enqueue(env, work, now);
  return work.kind === "delivery" ? deliver(env, work) : judgeReceipt(env, judging(), work);
}

export async function consume(env: BatchEnv, judging: () => Judging, messages: readonly Message[]): Promise<void> {
  const settle = async (message: Message, work: Work): Promise<void> => {
    try {
      await perform(env, judging, work);
      message.ack();
    } catch (error) {
      log("error", "a message comes again", { id: message.id, kind: work.kind }, error);
      message.retry({ delaySeconds: RETRY_SECONDS });
    }
  };
  const beside: Promise<void>[] = [];
  const receipts: [Message, Work][] = [];
  for (const message of messages) {
    const parsed = v.safeParse(MessageSchema, message.body);
    if (!parsed.success) {
      log("error", "a message is none of ours", { id: message.id });
      message.ack();
    } else if (parsed.output.kind === "receipt") receipts.push([message, parsed.output]);
    else beside.push(settle(message, parsed.output));
  }
  // One webhook's pictures after the other's, since they take memory.
  for (const [message, work] of receipts) await settle(message, work);
  await Promise.all(beside);
}
