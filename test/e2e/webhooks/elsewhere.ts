// What lies outside: a server on loopback that has pictures, takes webhooks as it is told to, and lets the vision Worker go away.
import { createReadStream } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

export interface Received {
  at: number;
  headers: Record<string, string>;
  body: string;
}

type Reply = [status: number, headers?: Record<string, string>];

export class Elsewhere {
  readonly #server = createServer(async (request, response) => {
    const [, route = "", name = ""] = (request.url ?? "").split("/");
    const body = await text(request);
    if (route === "pictures") return this.#picture(name, response);
    if (route === "vision") {
      this.inferences++;
      return response.writeHead(this.visionAway ? 503 : 200).end();
    }
    const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)]));
    this.received(name).push({ at: Date.now(), headers, body });
    const [status, more = {}] = this.#replies.get(name)?.shift() ?? [204];
    return response.writeHead(status, more).end();
  });
  readonly #received = new Map<string, Received[]>();
  readonly #replies = new Map<string, Reply[]>();

  #asked = false;

  /** Asked for so far. */
  inferences = 0;
  visionAway = false;

  async start(): Promise<string> {
    await new Promise<void>((settle) => this.#server.listen(0, "127.0.0.1", settle));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Webhooks that a receiver got, the first first. */
  received(receiver: string): Received[] {
    const list = this.#received.get(receiver) ?? [];
    this.#received.set(receiver, list);
    return list;
  }

  /** What a receiver answers, one after the other; then 204. */
  answer(receiver: string, ...replies: Reply[]): void {
    this.#replies.set(receiver, replies);
  }

  async waitFor(receiver: string, count: number): Promise<Received[]> {
    for (const until = Date.now() + 20_000; this.received(receiver).length < count; await sleep(50)) {
      if (Date.now() > until) throw new Error(`${receiver} got ${this.received(receiver).length} of ${count} webhooks`);
    }
    return this.received(receiver);
  }

  #picture(name: string, response: ServerResponse): unknown {
    // Asked for the first time it does not come, and is gone later on.
    if (name === "slow.jpg" && !this.#asked) {
      this.#asked = true;
      return undefined;
    }
    const file = createReadStream(`test/fixtures/pictures/${name}`);
    file.once("error", () => response.writeHead(404).end());
    return file.pipe(response);
  }
}
