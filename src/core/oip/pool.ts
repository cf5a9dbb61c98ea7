// Which of several backends a request goes to: the least loaded that is well. One that failed rests, then a single request tries it.

interface Member {
  /** What it works on, by request. */
  leases: Map<symbol, { load: number; until: number }>;
  /** Since it last answered. */
  failures: number;
  restsUntil: number;
  /** When it was last chosen, counted in choices. */
  chosen: number;
}

/** Milliseconds. */
export interface PoolOptions {
  /** Of a first failure; each further one without an answer in between doubles it. */
  coolDown: number;
  longestCoolDown: number;
  /** A request that has not said how it ended by then is taken for gone: its invocation may have been ended. */
  lease: number;
}

/** A backend that was chosen; one of the two is to be called in the end. */
export interface Choice {
  /** Its place in the pool. */
  at: number;
  answered(): void;
  /** @param retryAfter seconds, where the backend named them: it is busy rather than broken, and rests for so long */
  failed(now: number, retryAfter?: number): void;
}

/** Times are milliseconds of one clock, handed in by the caller. */
export class Pool {
  readonly #members: Member[];
  readonly #options: PoolOptions;
  #choices = 0;

  /** @param first place that begins: callers of many isolates shall not all begin with the same */
  constructor(size: number, options: PoolOptions, first = 0) {
    this.#options = options;
    this.#members = Array.from({ length: size }, (_, at) => ({
      ...{ leases: new Map(), failures: 0, restsUntil: 0 },
      chosen: ((at - first + size) % size) - size,
    }));
  }

  /**
   * @param load of the request, in any unit
   * @param except places that shall not be chosen
   * @returns undefined where none is well
   */
  choose(load: number, now: number, except: ReadonlySet<number> = new Set()): Choice | undefined {
    let best: { at: number; member: Member; load: number } | undefined;
    for (const [at, member] of this.#members.entries()) {
      const own = this.#loadOf(member, now);
      const probed = member.failures > 0 && member.leases.size > 0;
      if (except.has(at) || probed || now < member.restsUntil) continue;
      if (!best || own < best.load || (own === best.load && member.chosen < best.member.chosen))
        best = { at, member, load: own };
    }
    if (!best) return undefined;
    const { at, member } = best;
    const lease = Symbol();
    member.leases.set(lease, { load, until: now + this.#options.lease });
    member.chosen = ++this.#choices;
    return {
      at,
      answered: () => {
        member.leases.delete(lease);
        member.failures = 0;
        member.restsUntil = 0;
      },
      failed: (end, retryAfter) => {
        member.leases.delete(lease);
        this.#rest(member, end, retryAfter);
      },
    };
  }

  #loadOf({ leases }: Member, now: number): number {
    let load = 0;
    for (const [lease, { load: own, until }] of leases) {
      if (until <= now) leases.delete(lease);
      else load += own;
    }
    return load;
  }

  #rest(member: Member, now: number, retryAfter: number | undefined): void {
    const { coolDown, longestCoolDown } = this.#options;
    // Requests that fail together are one failure.
    if (now >= member.restsUntil) member.failures++;
    const rest = retryAfter === undefined ? coolDown * 2 ** (member.failures - 1) : retryAfter * 1000;
    member.restsUntil = Math.max(member.restsUntil, now + Math.min(rest, longestCoolDown));
  }
}
