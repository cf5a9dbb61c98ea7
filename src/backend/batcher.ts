// Dynamic batching: requests wait a little for each other and share a run; the queue is bounded.
import type { Tensor } from "../core/oip/tensor.ts";
import { Problem } from "../core/problem.ts";
import { join, type Slice } from "./join.ts";

export interface BatcherOptions {
  /** @returns vectors [N, D], and how long the engine was busy with them */
  run(batch: ReturnType<typeof join>): Promise<{ vectors: Float32Array; seconds: number }>;
  /** Length of a vector. */
  width: number;
  /** Id that fills up short texts. */
  pad: number;
  maxBatch: number;
  maxDelayMs: number;
  /** Rows that may wait. */
  capacity: number;
  /** Told of every run. */
  observe?(rows: number, seconds: number): void;
}

interface Entry {
  input: Tensor;
  rows: number;
  /** Rows that went into a run. */
  taken: number;
  /** Rows whose vectors are not there yet. */
  missing: number;
  vectors: Float32Array;
  since: number;
  settled: PromiseWithResolvers<Float32Array>;
}

/** One run, and one more that is full and waits for it, so that the engine never stands still. */
const RUNS = 2;

export class Batcher {
  readonly #options: BatcherOptions;
  #queue: Entry[] = [];
  #waiting = 0;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Rows a second of the last runs; unknown before the first. */
  #rate: number | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  /** Rows that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** @throws Problem `rate_limited` when the queue has no room for these rows */
  admit(rows: number): void {
    if (this.#waiting === 0 || this.#waiting + rows <= this.#options.capacity) return;
    const seconds = this.#rate === undefined ? 1 : Math.ceil(this.#waiting / this.#rate);
    throw new Problem("rate_limited", `${this.#waiting} inputs wait already. Try again shortly.`, {
      retryAfter: Math.max(1, seconds),
    });
  }

  /**
   * @param signal gives the request up: its rows that wait are not run
   * @returns unit vectors [N, D] in order. @throws Problem `rate_limited`, the reason of the signal, what `run` throws
   */
  add(input: Tensor, signal: AbortSignal): Promise<Float32Array> {
    signal.throwIfAborted();
    const rows = input.shape[0] ?? 0;
    this.admit(rows);
    const settled = Promise.withResolvers<Float32Array>();
    const vectors = new Float32Array(rows * this.#options.width);
    const entry: Entry = { input, rows, taken: 0, missing: rows, vectors, since: performance.now(), settled };
    const giveUp = () => this.#fail([entry], signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    this.#queue.push(entry);
    this.#waiting += rows;
    this.#next();
    return settled.promise.finally(() => signal.removeEventListener("abort", giveUp));
  }

  #next(): void {
    clearTimeout(this.#timer);
    const { maxBatch, maxDelayMs } = this.#options;
    while (this.#running < RUNS) {
      const [head] = this.#queue;
      if (!head) return;
      if (this.#waiting < maxBatch) {
        // Behind a run there is time to fill the next one.
        if (this.#running > 0) return;
        const left = head.since + maxDelayMs - performance.now();
        if (left > 0) {
          this.#timer = setTimeout(() => this.#next(), left);
          return;
        }
      }
      void this.#run(this.#take());
    }
  }

  /** The next rows, at most a batch of them; a large request spans several. */
  #take(): { entry: Entry; slice: Slice }[] {
    const parts: { entry: Entry; slice: Slice }[] = [];
    let room = this.#options.maxBatch;
    while (room > 0) {
      const [entry] = this.#queue;
      if (!entry) break;
      const rows = Math.min(room, entry.rows - entry.taken);
      parts.push({ entry, slice: { input: entry.input, from: entry.taken, rows } });
      entry.taken += rows;
      room -= rows;
      this.#waiting -= rows;
      if (entry.taken === entry.rows) this.#queue.shift();
    }
    return parts;
  }

  async #run(parts: { entry: Entry; slice: Slice }[]): Promise<void> {
    const { run, width, pad, observe } = this.#options;
    const batch = join(
      parts.map(({ slice }) => slice),
      pad,
    );
    const rows = batch.shape[0] ?? 0;
    this.#running++;
    try {
      const { vectors, seconds } = await run(batch);
      const rate = rows / seconds;
      this.#rate = this.#rate === undefined ? rate : 0.8 * this.#rate + 0.2 * rate;
      observe?.(rows, seconds);
      if (vectors.length !== rows * width) throw new Problem("pack_corrupt", `The engine gave no vectors of ${width}.`);
      let at = 0;
      for (const { entry, slice } of parts) {
        entry.vectors.set(vectors.subarray(at * width, (at + slice.rows) * width), slice.from * width);
        at += slice.rows;
        entry.missing -= slice.rows;
        if (entry.missing === 0) entry.settled.resolve(entry.vectors);
      }
    } catch (error) {
      this.#fail(
        parts.map(({ entry }) => entry),
        error,
      );
    }
    this.#running--;
    this.#next();
  }

  #fail(entries: Entry[], reason: unknown): void {
    const failed = new Set(entries);
    for (const entry of this.#queue) if (failed.has(entry)) this.#waiting -= entry.rows - entry.taken;
    this.#queue = this.#queue.filter((entry) => !failed.has(entry));
    for (const { settled } of failed) settled.reject(reason);
  }
}
