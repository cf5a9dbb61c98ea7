// Pulls messages while there is room for chunks, works on each, and stops so that nothing is held up.
import { setTimeout as sleep } from "node:timers/promises";
import type { PullMetrics } from "./pullMetrics.ts";
import { type Leased, type PullQueue, QueueError } from "./queue.ts";
import { Settler } from "./settler.ts";

/** Between two looks at a queue that is empty. */
const IDLE_MS = [500, 1_000, 2_000, 5_000, 10_000];
/** After failures of the queue's API, one after the other. */
const FAILED_MS = [1_000, 2_000, 5_000, 15_000, 30_000, 60_000];
/** Beyond the chunk's own lease, so that a message does not come again while its chunk is still held. */
const MARGIN_SECONDS = 30;

/** How a message ends: `retry` is the seconds after which it comes again. */
export type Ended = "ack" | { retry: number };

export interface PullerOptions {
  queue: PullQueue;
  /** Chunks at once. */
  chunks: number;
  leaseSeconds: number;
  /** Never throws. @param stop aborted when there is no more time */
  work(message: Leased, stop: AbortSignal): Promise<Ended>;
  metrics: PullMetrics;
  log(line: string): void;
}

export class Puller {
  readonly #options: PullerOptions;
  readonly #settler: Settler;
  readonly #working = new Set<Promise<void>>();
  /** No more is pulled. */
  readonly #ending = new AbortController();
  /** What is worked on is given back. */
  readonly #giveUp = new AbortController();
  #done: Promise<void> | undefined;

  constructor(options: PullerOptions) {
    this.#options = options;
    this.#settler = new Settler(options.queue, (error) => {
      options.metrics.failed("ack");
      options.log(`messages could not be settled, and will be: ${error instanceof Error ? error.message : error}`);
    });
  }

  get working(): number {
    return this.#working.size;
  }

  start(): void {
    this.#done = this.#loop();
  }

  /** @param graceMs what is worked on may take so long; then it is given back, to be delivered at once */
  async stop(graceMs: number): Promise<void> {
    this.#ending.abort();
    await this.#done;
    const timer = setTimeout(() => this.#giveUp.abort(), graceMs);
    await Promise.all(this.#working);
    clearTimeout(timer);
    await this.#settler.flush();
  }

  async #pause(schedule: readonly number[], times: number, least = 0): Promise<void> {
    const wait = Math.max(schedule[Math.min(times, schedule.length) - 1] ?? 0, least);
    await sleep(wait * (0.9 + 0.2 * Math.random()), undefined, { signal: this.#ending.signal }).catch(() => {});
  }

  async #loop(): Promise<void> {
    const { queue, chunks, leaseSeconds, metrics, log } = this.#options;
    const stopped = new Promise<void>((resolve) => this.#ending.signal.addEventListener("abort", () => resolve()));
    let [empty, failures] = [0, 0];
    while (!this.#ending.signal.aborted) {
      const free = chunks - this.#working.size;
      // Not for every chunk that ends: the API takes few requests.
      if (free < Math.ceil(chunks / 2)) {
        await Promise.race([...this.#working, stopped]);
        continue;
      }
      try {
        const messages = await queue.pull(free, (leaseSeconds + MARGIN_SECONDS) * 1_000);
        failures = 0;
        for (const message of messages) this.#begin(message);
        if (messages.length > 0) empty = 0;
        else await this.#pause(IDLE_MS, ++empty);
      } catch (error) {
        metrics.failed("pull");
        log(`nothing could be pulled: ${error instanceof Error ? error.message : error}`);
        const asked = error instanceof QueueError ? (error.retryAfter ?? 0) * 1_000 : 0;
        await this.#pause(FAILED_MS, ++failures, Math.min(asked, 300_000));
      }
    }
  }

  #begin(message: Leased): void {
    const { work, metrics } = this.#options;
    const task = (async () => {
      const ended: Ended = this.#ending.signal.aborted ? { retry: 0 } : await work(message, this.#giveUp.signal);
      metrics.message(ended === "ack" ? "acked" : "retried");
      if (ended === "ack") this.#settler.ack(message.leaseId);
      else this.#settler.retry(message.leaseId, ended.retry);
    })();
    this.#working.add(task);
    void task.finally(() => this.#working.delete(task));
  }
}
