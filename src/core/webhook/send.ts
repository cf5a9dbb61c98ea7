// One attempt at an outgoing webhook: signed, to an allowed host, no redirects, bounded time, the answer's body unread.
import { Problem } from "../problem.ts";
import { checkUrl } from "../remote/checkUrl.ts";
import { retryAfter } from "./retryAfter.ts";
import { sign } from "./sign.ts";

export interface OutgoingWebhook {
  /** The same at every attempt. */
  id: string;
  url: string;
  /** JSON */
  body: string;
}

export interface SendOptions {
  /** Hosts that may be called; empty refuses everything. */
  hosts: readonly string[];
  secrets: readonly string[];
  /** Must not follow redirects by itself. */
  fetch: (
    url: URL,
    init: {
      method: "POST";
      redirect: "manual";
      signal: AbortSignal;
      headers: Record<string, string>;
      body: Uint8Array<ArrayBuffer>;
    },
  ) => Promise<Response>;
  timeoutMs: number;
}

export type Outcome =
  | { kind: "delivered"; status: number }
  /** 410: nothing shall be sent there any more. */
  | { kind: "gone"; status: number }
  | { kind: "failed"; status: number | undefined; reason: string; retryAfter: number | undefined };

const failed = (reason: string): Outcome => ({ kind: "failed", status: undefined, reason, retryAfter: undefined });

export async function send({ id, url, body }: OutgoingWebhook, options: SendOptions): Promise<Outcome> {
  const { hosts, secrets, fetch, timeoutMs } = options;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    const address = checkUrl(url, hosts);
    const bytes = Uint8Array.from(new TextEncoder().encode(body));
    const signed = await sign(secrets, id, bytes, Date.now());
    const headers = { "content-type": "application/json", "user-agent": "edgeclip-webhooks", ...signed };
    const { signal } = controller;
    const response = await fetch(address, { method: "POST", redirect: "manual", signal, headers, body: bytes });
    const { status } = response;
    await response.body?.cancel();
    if (response.ok) return { kind: "delivered", status };
    if (status === 410) return { kind: "gone", status };
    const reason = status >= 300 && status < 400 ? "redirects are not followed" : "it was not taken";
    return { kind: "failed", status, reason, retryAfter: retryAfter(response.headers, Date.now()) };
  } catch (error) {
    if (controller.signal.aborted) return failed(`no answer within ${timeoutMs / 1000} s`);
    if (error instanceof Problem) return failed(error.message);
    return failed(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}
