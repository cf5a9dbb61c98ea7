// Acknowledgements and returns of messages, sent together: Cloudflare's API takes 1,200 requests in five minutes.
import type { PullQueue } from "./queue.ts";

const EVERY_MS = 1_000;
/** Of one request. */
const MOST = 100;

export class Settler {
  readonly #queue: PullQueue;
  readonly #failed: (error: unknown) => void;
  readonly #acks = new Set<string>();
  readonly #retries = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  /** @param failed told of requests that failed; what they held is sent again */
  constructor(queue: PullQueue, failed: (error: unknown) => void) {
    this.#queue = queue;
    this.#failed = failed;
  }

  ack(lease: string): void {
    this.#acks.add(lease);
    this.#soon();
  }

  /** @param seconds after which the message comes again */
  retry(lease: string, seconds: number): void {
    this.#retries.set(lease, seconds);
    this.#soon();
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => void this.flush(), EVERY_MS);
  }

  /** Sends what there is. A lease that is never settled runs out, and its message comes again: nothing is lost. */
  flush(): Promise<void> {
    this.#sending = this.#sending.then(() => this.#send());
    return this.#sending;
  }

  async #send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const acks = [...this.#acks].slice(0, MOST);
    const retries = new Map([...this.#retries].slice(0, MOST - acks.length));
    if (acks.length + retries.size === 0) return;
    try {
      await this.#queue.settle(acks, retries);
      for (const lease of acks) this.#acks.delete(lease);
      for (const lease of retries.keys()) this.#retries.delete(lease);
    } catch (error) {
      this.#failed(error);
    }
    if (this.#acks.size + this.#retries.size > 0) this.#soon();
  }
}
