// Cloudflare Queues' HTTP pull API on loopback, as its documentation tells it: bearer token, leases, visibility, acks, retries.
import { createServer, type IncomingMessage } from "node:http";
import * as v from "valibot";

export const ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353";
export const QUEUE = "b01b5594f784d0165c2985833f5660dd";
export const TOKEN = "token-of-the-queue";

const PullSchema = v.strictObject({
  batch_size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 5),
  visibility_timeout_ms: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(43_200_000)), 30_000),
});
const lease = { lease_id: v.string() };
const AckSchema = v.strictObject({
  acks: v.optional(v.array(v.strictObject(lease)), []),
  retries: v.optional(
    v.array(
      v.strictObject({
        ...lease,
        delay_seconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(43_200))),
      }),
    ),
    [],
  ),
});

interface Kept {
  id: string;
  body: string;
  type: "json" | "text" | "bytes";
  attempts: number;
  visibleAt: number;
  sent: number;
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text);
}

export interface QueueServer {
  url: string;
  /** Messages that are not acknowledged yet. */
  kept: Map<string, Kept>;
  retries: { id: string; delay: number }[];
  acked: string[];
  /** So many requests are answered 500. */
  failing: number;
  /** Each message is delivered to whoever asks, leased or not. */
  careless: boolean;
  send(body: unknown, options?: { delaySeconds?: number; type?: Kept["type"] }): void;
  close(): void;
}

export async function queueServer(): Promise<QueueServer> {
  const leases = new Map<string, string>();
  let count = 0;
  const base = `/accounts/${ACCOUNT}/queues/${QUEUE}/messages`;
  const server = createServer(async (request, response) => {
    const answer = (status: number, document: object) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ messages: [], errors: [], ...document }));
    };
    const refuse = (status: number, message: string) =>
      answer(status, { success: false, errors: [{ code: 10_000, message }], result: null });
    // The bridge: what the local queue of the collection delivers.
    if (request.url === "/bridge") {
      const { body } = (await jsonOf(request)) as { body: unknown };
      made.send(body);
      return answer(200, { success: true });
    }
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return refuse(403, "Authentication error");
    if (made.failing > 0) {
      made.failing--;
      return refuse(500, "Internal error");
    }
    const body = await jsonOf(request).catch(() => undefined);
    if (request.method !== "POST") return refuse(405, "Method not allowed");
    const now = Date.now();
    if (request.url === `${base}/pull`) {
      const read = v.safeParse(PullSchema, body);
      if (!read.success) return refuse(400, read.issues[0].message);
      const { batch_size, visibility_timeout_ms } = read.output;
      const due = [...made.kept.values()].filter(({ visibleAt }) => visibleAt <= now).slice(0, batch_size);
      const messages = due.map((message) => {
        message.attempts++;
        if (!made.careless) message.visibleAt = now + visibility_timeout_ms;
        const lease_id = `lease-${++count}`;
        leases.set(lease_id, message.id);
        return {
          ...{ id: message.id, timestamp_ms: message.sent, attempts: message.attempts, lease_id },
          body: message.type === "text" ? message.body : Buffer.from(message.body).toString("base64"),
          metadata: { "CF-sourceMessageSource": "worker", "CF-Content-Type": message.type },
        };
      });
      return answer(200, { success: true, result: { message_backlog_count: made.kept.size, messages } });
    }
    if (request.url === `${base}/ack`) {
      const read = v.safeParse(AckSchema, body);
      if (!read.success) return refuse(400, read.issues[0].message);
      const { acks, retries } = read.output;
      for (const { lease_id } of acks) {
        const id = leases.get(lease_id);
        if (id !== undefined && made.kept.delete(id)) made.acked.push(id);
      }
      for (const { lease_id, delay_seconds = 0 } of retries) {
        const id = leases.get(lease_id);
        const message = id === undefined ? undefined : made.kept.get(id);
        if (!message) continue;
        message.visibleAt = now + delay_seconds * 1000;
        made.retries.push({ id: message.id, delay: delay_seconds });
      }
      return answer(200, {
        success: true,
        result: { ackCount: acks.length, retryCount: retries.length, warnings: [] },
      });
    }
    return refuse(404, "No route for that URI");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const made: QueueServer = {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    ...{ kept: new Map(), retries: [], acked: [], failing: 0, careless: false },
    send(body, { delaySeconds = 0, type = "json" } = {}) {
      const id = `message-${++count}`;
      const now = Date.now();
      const text = typeof body === "string" && type === "text" ? body : JSON.stringify(body);
      made.kept.set(id, { id, body: text, type, attempts: 0, visibleAt: now + delaySeconds * 1000, sent: now });
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return made;
}
