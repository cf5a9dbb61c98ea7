// Cloudflare Queues over HTTP: messages are leased, then acknowledged or given back with a delay.
// https://developers.cloudflare.com/queues/configuration/pull-consumers/
import * as v from "valibot";
import { retryAfter } from "../../core/webhook/retryAfter.ts";

const TIMEOUT_MS = 30_000;
/** Cloudflare takes no longer delay. */
const MAX_DELAY_SECONDS = 12 * 60 * 60;

const MessageSchema = v.object({
  id: v.string(),
  body: v.string(),
  lease_id: v.string(),
  attempts: v.number(),
  metadata: v.optional(v.record(v.string(), v.unknown()), {}),
});
const AnswerSchema = v.object({
  success: v.boolean(),
  errors: v.optional(v.array(v.object({ message: v.string() })), []),
  result: v.optional(v.unknown()),
});
const PulledSchema = v.object({ messages: v.optional(v.array(MessageSchema), []) });

export interface Leased {
  id: string;
  leaseId: string;
  /** How often it was delivered, this time included. */
  attempts: number;
  /** What was sent; undefined where it cannot be read. */
  body: unknown;
}

export class QueueError extends Error {
  override name = "QueueError";
  /** Seconds, where the answer named them. */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: { retryAfter?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfter = options.retryAfter;
  }
}

const fromBase64 = (text: string): string => new TextDecoder().decode(Buffer.from(text, "base64"));

/** `json` and `bytes` come in base64, `text` as it is. */
function bodyOf({ body, metadata }: v.InferOutput<typeof MessageSchema>): unknown {
  const type = metadata["CF-Content-Type"];
  for (const text of type === "text" ? [body] : [fromBase64(body), body]) {
    try {
      return JSON.parse(text);
    } catch {
      // Not this encoding; a message in neither is told as unreadable.
    }
  }
  return undefined;
}

export class PullQueue {
  readonly #url: string;
  readonly #token: string;

  /** @param url in front of `/pull` and `/ack` */
  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** @throws QueueError */
  async #post(action: "pull" | "ack", body: object): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#url}/${action}`, {
        method: "POST",
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      text = await response.text();
    } catch (cause) {
      throw new QueueError("the queue's API did not answer", { cause });
    }
    const read = v.safeParse(v.pipe(v.string(), v.parseJson(), AnswerSchema), text);
    if (response.ok && read.success && read.output.success) return read.output.result;
    const said = read.success ? read.output.errors.map(({ message }) => message).join("; ") : "";
    throw new QueueError(`the queue's API answered ${response.status} to ${action}${said && `: ${said}`}`, {
      retryAfter: retryAfter(response.headers, Date.now()),
    });
  }

  /**
   * @param most 1 to 100
   * @param visibilityMs for so long nobody else gets them
   * @throws QueueError
   */
  async pull(most: number, visibilityMs: number): Promise<Leased[]> {
    const read = v.safeParse(
      PulledSchema,
      await this.#post("pull", { batch_size: most, visibility_timeout_ms: visibilityMs }),
    );
    if (!read.success)
      throw new QueueError(`the queue's API answered otherwise than documented: ${read.issues[0].message}`);
    return read.output.messages.map((message) => ({
      ...{ id: message.id, leaseId: message.lease_id, attempts: message.attempts, body: bodyOf(message) },
    }));
  }

  /** @param retries with the seconds after which each comes again. @throws QueueError */
  async settle(acks: readonly string[], retries: ReadonlyMap<string, number>): Promise<void> {
    await this.#post("ack", {
      acks: acks.map((lease_id) => ({ lease_id })),
      retries: [...retries].map(([lease_id, seconds]) => ({
        ...{ lease_id, delay_seconds: Math.min(Math.max(0, Math.ceil(seconds)), MAX_DELAY_SECONDS) },
      })),
    });
  }
}
