// Bytes of bodies that are held at once, bounded before they are read.
import { Problem } from "../core/problem.ts";

export class Room {
  readonly #capacity: number;
  #held = 0;

  /** @param capacity bytes */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** @throws Problem `rate_limited` when there is no room; a single body always has it */
  async hold<T>(bytes: number, use: () => Promise<T>): Promise<T> {
    if (this.#held > 0 && this.#held + bytes > this.#capacity)
      throw new Problem("rate_limited", "Too many bodies are being read. Try again shortly.", { retryAfter: 1 });
    this.#held += bytes;
    try {
      return await use();
    } finally {
      this.#held -= bytes;
    }
  }
}
