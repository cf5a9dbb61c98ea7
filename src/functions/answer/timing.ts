// Server-Timing: how long the calls across bindings took. Clocks advance over I/O, so these are real; CPU work here is not seen.

export class Timing {
  readonly #durations = new Map<string, number>();

  /** Durations of one name add up. */
  async measure<T>(name: string, work: () => Promise<T>): Promise<T> {
    const start = Date.now();
    try {
      return await work();
    } finally {
      this.#durations.set(name, (this.#durations.get(name) ?? 0) + Date.now() - start);
    }
  }

  /** @returns e.g. `decode;dur=12, encode;dur=31`, in milliseconds */
  header(): string {
    return [...this.#durations].map(([name, duration]) => `${name};dur=${duration}`).join(", ");
  }
}
