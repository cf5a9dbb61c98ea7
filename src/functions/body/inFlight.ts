// Bodies of pictures held in this isolate at once, bounded: a request waits for room, and past its patience it is told so.
import { Problem } from "../../core/problem.ts";

const POLL_MS = 5;
const PATIENCE_MS = 5_000;
/** A request whose client went away may end without its `finally`; its room is taken back after this long. */
const LEASE_MS = 30_000;

export class InFlight {
  readonly #leases = new Map<symbol, { bytes: number; until: number }>();
  readonly #capacity: number;
  readonly #patienceMs: number;

  /** @param capacity bytes */
  constructor(capacity: number, patienceMs = PATIENCE_MS) {
    this.#capacity = capacity;
    this.#patienceMs = patienceMs;
  }

  /**
   * Polls on the request's own timer, since a promise settled by another request's context may never arrive.
   * @param use is given what keeps its room for longer than a lease, each time that it gets on
   * @throws Problem `overloaded`
   */
  async hold<T>(bytes: number, use: (renew: () => void) => Promise<T>, patienceMs = this.#patienceMs): Promise<T> {
    for (let waited = 0; this.#held(Date.now()) + bytes > this.#capacity; waited += POLL_MS) {
      if (waited >= patienceMs)
        throw new Problem("overloaded", "Too many pictures are being worked on. Try again shortly.");
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const lease = Symbol();
    const renew = () => this.#leases.set(lease, { bytes, until: Date.now() + LEASE_MS });
    renew();
    try {
      return await use(renew);
    } finally {
      this.#leases.delete(lease);
    }
  }

  #held(now: number): number {
    let bytes = 0;
    for (const [lease, { bytes: held, until }] of this.#leases) {
      if (until < now) this.#leases.delete(lease);
      else bytes += held;
    }
    return bytes;
  }
}
