// POST /v1/webhooks/{source}: a signed payload whose pictures are judged, at once when they are few, else by the queue.
import type { Context } from "hono";
import { sha256 } from "../../core/hash.ts";
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { parseJson } from "../../core/json/parseJson.ts";
import { select } from "../../core/json/pointer.ts";
import { Problem } from "../../core/problem.ts";
import { quoted } from "../../core/quoted.ts";
import type { WebhookSource } from "../../core/webhook/source.ts";
import { verify } from "../../core/webhook/verify.ts";
import { verifyGithub } from "../../core/webhook/verifyGithub.ts";
import { readBody } from "../body/readBody.ts";
import { checkModerator } from "../moderation/judge.ts";
import { answerOf } from "../webhooks/answerOf.ts";
import { judgeMissing } from "../webhooks/judgeMissing.ts";
import { judgePicture, type Picture, standardFor } from "../webhooks/judgePicture.ts";
import {
  type Asked,
  findReceipt,
  finishReceipt,
  openReceipt,
  postponeReceipt,
  type Receipt,
} from "../webhooks/receipts.ts";
import { secretsOf } from "../webhooks/secretsOf.ts";
import { enqueue } from "../work/message.ts";
import type { AppTypes, Env } from "./env.ts";
import type { Isolate } from "./isolate.ts";

const BODY_BYTES_CAP = 2 ** 20;
const MAX_PICTURES = 100;
const MAX_URL_LENGTH = 4_096;

/** Pictures that an answer may wait for, and for how long: senders give up after 10 s (GitHub) or 15 (Standard Webhooks). */
const INLINE_PICTURES = 4;
const INLINE_MS = 7_000;
/** After this long a receipt is taken from a request that has gone. */
const LEASE_MS = 30_000;
const POLL_MS = 100;

type Handle = (context: Context<AppTypes>) => Promise<Response>;

/** @throws Problem `source_not_found` */
function sourceOf(id: string, sources: ReadonlyMap<string, WebhookSource>): WebhookSource {
  const source = sources.get(id);
  if (source) return source;
  throw new Problem("source_not_found", `There is no source of webhooks ${quoted(id)} here.`);
}

const invalid = (pointer: string, message: string): Problem =>
  new Problem("invalid_request", `${pointer} ${message}.`, { errors: [{ pointer, message }] });

/** @throws Problem `invalid_request` naming where the payload is not as the source says */
function askedOf({ images, policy, tenant, callback }: WebhookSource, payload: unknown): Asked {
  const pictures = select(payload, images, MAX_PICTURES).map(({ pointer, value }): Picture => {
    if (typeof value !== "string") throw invalid(pointer, "must be the address of a picture");
    if (value.length > MAX_URL_LENGTH) throw invalid(pointer, `may have ${MAX_URL_LENGTH} characters at most`);
    return { pointer, url: value };
  });
  let named = tenant ?? null;
  if (tenant?.startsWith("/")) {
    const [found] = select(payload, tenant, 1);
    if (typeof found?.value !== "string") throw invalid(tenant, "must be the name of a tenant");
    named = found.value;
  }
  return { policy, tenant: named, callback: callback ?? null, pictures };
}

const queued = (context: Context<AppTypes>, id: string): Response => context.json({ id, status: "queued" }, 202);

/** Byte for byte as it was first given. */
const stored = (answer: string): Response => new Response(answer, { headers: { "content-type": "application/json" } });

/** @returns the answer, or undefined when it is left to the queue */
async function judgeInline(env: Env, isolate: Isolate, receipt: Receipt, context: Context<AppTypes>) {
  const { asked } = receipt;
  const { inFlight } = isolate;
  const deployment = isolate.deployment();
  const standard = standardFor(deployment, asked.policy, asked.tenant);
  const { judged } = await judgeMissing(
    receipt.judged,
    async (at) => {
      const picture = asked.pictures[at];
      if (!picture) throw new RangeError("a verdict without a picture");
      const timing = context.get("timing");
      return inFlight.hold(PICTURE_BYTES_CAP, () => judgePicture(env, timing, deployment, standard, picture));
    },
    { most: INLINE_PICTURES, limitMs: INLINE_MS },
  );
  const verdicts = judged.filter((verdict) => verdict !== null);
  if (verdicts.length === judged.length) {
    const answer = answerOf(receipt.id, verdicts, asked, deployment);
    return (await finishReceipt(env.DB, receipt, answer)) ? answer : undefined;
  }
  const now = Date.now();
  if (await postponeReceipt(env.DB, receipt, { judged, attempts: 0, due: now }))
    await enqueue(env, { kind: "receipt", id: receipt.id, due_at: now }, now);
  return undefined;
}

/**
 * A webhook that came before. While another request judges it, its answer is waited for.
 * @throws Problem `webhook_conflict`, or `overloaded` when that takes too long
 */
async function repeated(
  context: Context<AppTypes>,
  source: string,
  webhookId: string,
  hash: string,
): Promise<Response> {
  const { env } = context;
  for (const until = Date.now() + INLINE_MS; ; await new Promise((settle) => setTimeout(settle, POLL_MS))) {
    const receipt = await findReceipt(env.DB, source, webhookId);
    if (!receipt) throw new Problem("overloaded", "The receipt of this webhook is being deleted. Try again.");
    if (receipt.body_hash !== hash)
      throw new Problem("webhook_conflict", "A webhook with this id and another body was received before.");
    const { id, state, due_at, answer } = receipt;
    if (answer !== null) return stored(answer);
    if (state === "queued") return queued(context, id);
    const now = Date.now();
    if (due_at <= now) {
      await enqueue(env, { kind: "receipt", id, due_at }, now);
      return queued(context, id);
    }
    if (now > until) throw new Problem("overloaded", "This webhook is being judged. Ask again for its answer.");
  }
}

export const webhook =
  (isolate: Isolate): Handle =>
  async (context) => {
    const { env } = context;
    const deployment = isolate.deployment();
    const source = sourceOf(context.req.param("source") ?? "", deployment.sources);
    const body = await readBody(context.req.raw, BODY_BYTES_CAP);
    const secrets = secretsOf(env, source.secrets);
    const { headers } = context.req.raw;
    const webhookId =
      source.verify === "github"
        ? await verifyGithub(headers, body, secrets)
        : await verify(headers, body, secrets, Date.now());
    // GitHub asks once whether a new webhook arrives, with nothing to judge.
    if (source.verify === "github" && headers.get("x-github-event") === "ping") return context.body(null, 204);
    const bodyHash = await sha256(body);
    if (await findReceipt(env.DB, source.id, webhookId)) return repeated(context, source.id, webhookId, bodyHash);
    checkModerator(deployment, env.ALLOW_DEMO_MODERATION);
    const asked = askedOf(source, parseJson(body));
    const inline = asked.pictures.length <= INLINE_PICTURES;
    const now = Date.now();
    const receipt = await openReceipt(
      env.DB,
      { id: crypto.randomUUID(), source: source.id, webhookId, bodyHash, asked },
      inline ? "inline" : "queued",
      { now, due: inline ? now + LEASE_MS : now },
    );
    // The same webhook came twice at once, and the other was faster.
    if (!receipt) return repeated(context, source.id, webhookId, bodyHash);
    if (!inline) {
      await enqueue(env, { kind: "receipt", id: receipt.id, due_at: receipt.due_at }, now);
      return queued(context, receipt.id);
    }
    // It is judged to the end also when the sender hangs up, who will ask again.
    const judging = judgeInline(env, isolate, receipt, context);
    context.executionCtx.waitUntil(judging);
    const answer = await judging;
    return answer ? context.json(answer) : queued(context, receipt.id);
  };
