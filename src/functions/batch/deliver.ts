// Sends one webhook and writes down how it went: taken, to be tried again, or dead.
import { nextWait, readSchedule, SCHEDULE } from "../../core/webhook/schedule.ts";
import { type Outcome, send } from "../../core/webhook/send.ts";
import {
  type Attempt,
  claimDelivery,
  type DeliveryRow,
  disableEndpoint,
  recordAttempt,
} from "../deliveries/deliveries.ts";
import { log } from "../log/log.ts";
import { hostsOf } from "../remote/hostsOf.ts";
import { secretsOf } from "../webhooks/secretsOf.ts";
import { enqueue, type RowMessage } from "../work/message.ts";
import type { BatchEnv } from "./env.ts";

const TIMEOUT_MS = 15_000;
const LEASE_MS = 60_000;

function attemptOf({ attempts }: DeliveryRow, outcome: Outcome, schedule: readonly number[], now: number): Attempt {
  const { status = null } = outcome;
  if (outcome.kind === "delivered") return { state: "delivered", due: now, status, error: null };
  if (outcome.kind === "gone")
    return { state: "dead", due: now, status, error: "the endpoint is gone and gets no more" };
  const { reason: error } = outcome;
  const wait = nextWait(schedule, attempts, outcome.retryAfter, Math.random());
  if (wait === undefined) return { state: "dead", due: now, status, error };
  return { state: "pending", due: now + Math.round(wait * 1000), status, error };
}

export async function deliver(env: BatchEnv, message: RowMessage): Promise<void> {
  const { DB, CALLBACK_HOSTS, DELIVERY_SCHEDULE, OUTBOUND } = env;
  const delivery = await claimDelivery(DB, message, Date.now() + LEASE_MS);
  if (!delivery) return;
  if (delivery.disabled_at !== null) {
    const error = "the endpoint is disabled, since it answered 410";
    await recordAttempt(DB, delivery, { state: "dead", due: Date.now(), status: null, error }).run();
    return;
  }
  const outcome = await send(delivery, {
    hosts: hostsOf(CALLBACK_HOSTS),
    secrets: secretsOf(env, delivery.secrets),
    fetch: (url, init) => (OUTBOUND ? OUTBOUND.fetch(url, init) : fetch(url, init)),
    timeoutMs: TIMEOUT_MS,
  });
  const now = Date.now();
  const schedule = DELIVERY_SCHEDULE ? readSchedule(DELIVERY_SCHEDULE) : SCHEDULE;
  const attempt = attemptOf(delivery, outcome, schedule, now);
  const { id, url } = delivery;
  await DB.batch([
    recordAttempt(DB, delivery, attempt),
    ...(outcome.kind === "gone" ? [disableEndpoint(DB, url, now)] : []),
  ]);
  if (attempt.state === "dead")
    log("warn", "a delivery is dead", { id, status: attempt.status, reason: attempt.error });
  if (attempt.state === "pending") await enqueue(env, { kind: "delivery", id, due_at: attempt.due }, now);
}
