// Bodies of pictures held in this isolate at once, bounded: a request waits for room, and past its patience it is told so.
import { Problem } from "../../core/problem.ts";

const POLL_MS = 5;
const PATIENCE_MS = 5_000;
/** A request whose client went away may end without its `finally`; its room is taken back after this long. */
const LEASE_MS = 30_000;

export interface Lease {
  /** Keeps the room for longer, each time that the work gets on. */
  renew(): void;
  /** Waits for room for so many bytes more. @throws Problem `overloaded` */
  grow(bytes: number): Promise<void>;
}

export class InFlight {
  readonly #leases = new Map<symbol, { bytes: number; until: number }>();
  readonly #capacity: number;
  readonly #patienceMs: number;

  /** @param capacity bytes */
  constructor(capacity: number, patienceMs = PATIENCE_MS) {
    this.#capacity = capacity;
    this.#patienceMs = patienceMs;
  }

  /** @throws Problem `overloaded` */
  async hold<T>(bytes: number, use: (lease: Lease) => Promise<T>, patienceMs = this.#patienceMs): Promise<T> {
    const key = Symbol();
    let held = 0;
    const renew = (): void => {
      this.#leases.set(key, { bytes: held, until: Date.now() + LEASE_MS });
    };
    const take = (more: number): void => {
      held += more;
      renew();
    };
    const grow = (more: number) => this.#whenFree(more, patienceMs, () => take(more));
    await grow(bytes);
    try {
      return await use({ renew, grow });
    } finally {
      this.#leases.delete(key);
    }
  }

  /**
   * Polls on the request's own timer, since a promise settled by another request's context may never arrive.
   * @param take in one go with the last look at what is held, else two would take the same room
   */
  async #whenFree(bytes: number, patienceMs: number, take: () => void): Promise<void> {
    for (let waited = 0; this.#held(Date.now()) + bytes > this.#capacity; waited += POLL_MS) {
      if (waited >= patienceMs)
        throw new Problem("overloaded", "Too many pictures are being worked on. Try again shortly.");
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    take();
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
