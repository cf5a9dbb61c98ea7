// Judges the pictures of a webhook, a group at a time, and has its answer sent. What cannot be judged ends as a review.
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { nextWait, readSchedule } from "../../core/webhook/schedule.ts";
import { Timing } from "../answer/timing.ts";
import type { InFlight } from "../body/inFlight.ts";
import type { Delivery } from "../deliveries/deliveries.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { log } from "../log/log.ts";
import { type Answer, answerOf } from "../webhooks/answerOf.ts";
import { type Judged, judgeMissing, type Progress } from "../webhooks/judgeMissing.ts";
import { judgePicture, standardFor, unjudged } from "../webhooks/judgePicture.ts";
import { claimReceipt, finishReceipt, postponeReceipt, type Receipt } from "../webhooks/receipts.ts";
import { enqueue, type RowMessage } from "../work/message.ts";
import type { BatchEnv } from "./env.ts";

/** One message judges no more, so that a long webhook does not keep the others waiting. */
const GROUP = 8;
const LIMIT_MS = 90_000;
const LEASE_MS = 120_000;
/** Seconds before each attempt while a part of the deployment fails: about a quarter of an hour. */
const SCHEDULE = [0, 5, 30, 120, 600];

/** What the messages of an isolate share. */
export interface Judging {
  deployment: Deployment;
  inFlight: InFlight;
}

export async function judgeReceipt(env: BatchEnv, judging: Judging, message: RowMessage): Promise<void> {
  const receipt = await claimReceipt(env.DB, message, Date.now() + LEASE_MS);
  if (!receipt) return;
  const schedule = env.JUDGE_SCHEDULE ? readSchedule(env.JUDGE_SCHEDULE) : SCHEDULE;
  // More attempts than the schedule has: each ended this Worker before it could write down how it went.
  const { judged, failure } =
    receipt.attempts > schedule.length
      ? { judged: giveUp(receipt, receipt.judged, judging, "model_unavailable"), failure: undefined }
      : await judgeGroup(env, judging, receipt);
  const now = Date.now();
  if (!failure) return goOn(env, judging, receipt, { judged, attempts: 0, due: now });
  const advanced = judged.some((verdict, at) => verdict && !receipt.judged[at]);
  const attempts = advanced ? 1 : receipt.attempts;
  const wait = nextWait(schedule, attempts, failure.retryAfter, Math.random());
  if (wait === undefined)
    return goOn(env, judging, receipt, {
      judged: giveUp(receipt, judged, judging, failure.code),
      attempts: 0,
      due: now,
    });
  log("warn", "a webhook waits to be judged", { id: receipt.id, seconds: Math.round(wait), code: failure.code });
  return goOn(env, judging, receipt, { judged, attempts, due: now + Math.round(wait * 1000) });
}

async function judgeGroup(env: BatchEnv, { deployment, inFlight }: Judging, receipt: Receipt): Promise<Progress> {
  const { policy, tenant, pictures } = receipt.asked;
  const timing = new Timing();
  return judgeMissing(
    receipt.judged,
    async (at) => {
      const picture = pictures[at];
      if (!picture) throw new RangeError("a verdict without a picture");
      const standard = standardFor(deployment, policy, tenant);
      return inFlight.hold(PICTURE_BYTES_CAP, () => judgePicture(env, timing, deployment, standard, picture));
    },
    { most: GROUP, limitMs: LIMIT_MS },
  );
}

/** The first group of what is missing, as pictures that could not be judged. */
function giveUp({ asked }: Receipt, judged: Judged, { deployment }: Judging, code: string): Judged {
  const policy = deployment.policies.get(asked.policy);
  const group = judged.flatMap((verdict, at) => (verdict ? [] : [at])).slice(0, GROUP);
  return judged.map((verdict, at) => {
    const picture = asked.pictures[at];
    return !verdict && picture && group.includes(at) ? unjudged(picture, policy, code) : verdict;
  });
}

/** Finishes a receipt that is judged, and gives any other back to the queue. */
async function goOn(
  env: BatchEnv,
  { deployment }: Judging,
  receipt: Receipt,
  next: { judged: Judged; attempts: number; due: number },
): Promise<void> {
  const now = Date.now();
  const { id, asked } = receipt;
  const verdicts = next.judged.filter((verdict) => verdict !== null);
  if (verdicts.length < next.judged.length) {
    const mine = await postponeReceipt(env.DB, receipt, next);
    if (mine) await enqueue(env, { kind: "receipt", id, due_at: next.due }, now);
    return;
  }
  const answer = answerOf(id, verdicts, asked, deployment);
  const delivery = deliveryOf(receipt, answer, now);
  const mine = await finishReceipt(env.DB, receipt, answer, delivery);
  if (mine && delivery) await enqueue(env, { kind: "delivery", id: delivery.id, due_at: delivery.now }, now);
}

/** @returns undefined where nobody wants to be told */
function deliveryOf({ id, source, webhook_id, asked }: Receipt, answer: Answer, now: number): Delivery | undefined {
  if (!asked.callback) return undefined;
  const data = { ...answer, source, webhook_id };
  const body = JSON.stringify({ type: "moderation.completed", timestamp: new Date(now).toISOString(), data });
  return { id: `msg_${id}`, ...asked.callback, body, now };
}
