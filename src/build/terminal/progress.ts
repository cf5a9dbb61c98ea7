// A line that says how far a long work is, how fast, and how long it will take; silent where nobody watches.
import { duration } from "./amounts.ts";

const WIDTH = 16;
const REDRAW_MS = 100;
/** The rate is that of the last seconds, not of an hour ago. */
const WINDOW_MS = 5_000;
/** Sooner the first bytes would foretell days. */
const FORETELL_MS = 1_000;

export interface Screen {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

interface ProgressOptions {
  label: string;
  total: number;
  /** An amount, and an amount a second, in words: `12 MB`. */
  say: (amount: number) => string;
  screen: Screen;
  now?: () => number;
}

export class Progress {
  readonly #options: Required<ProgressOptions>;
  #done = 0;
  #drawn = Number.NEGATIVE_INFINITY;
  readonly #seen: [time: number, done: number][] = [];

  constructor(options: ProgressOptions) {
    this.#options = { now: () => performance.now(), ...options };
    this.#seen.push([this.#options.now(), 0]);
  }

  /** @param skipped was there already and says nothing of the rate */
  add(amount: number, skipped = false): void {
    this.#done += amount;
    const now = this.#options.now();
    if (skipped) for (const seen of this.#seen) seen[1] += amount;
    this.#seen.push([now, this.#done]);
    while (this.#seen.length > 2 && now - (this.#seen[0]?.[0] ?? now) > WINDOW_MS) this.#seen.shift();
    if (!this.#options.screen.isTTY || now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    this.#options.screen.write(`\r${this.line()}\x1b[K`);
  }

  /** Amounts a second over the last seconds. */
  get rate(): number {
    const [time, done] = this.#seen[0] ?? [0, 0];
    const seconds = (this.#options.now() - time) / 1000;
    return seconds > 0 ? Math.max(0, this.#done - done) / seconds : 0;
  }

  line(): string {
    const { label, total, say, screen } = this.#options;
    const share = total > 0 ? Math.min(1, Math.max(0, this.#done / total)) : 1;
    const full = Math.round(share * WIDTH);
    const { rate } = this;
    const watched = this.#options.now() - (this.#seen[0]?.[0] ?? 0);
    const left = rate > 0 && watched >= FORETELL_MS ? `${duration((total - this.#done) / rate)} left` : "";
    const bar = `[${"#".repeat(full)}${"-".repeat(WIDTH - full)}]`;
    const line = `${label} ${bar} ${Math.floor(share * 100)} %  ${say(this.#done)} of ${say(total)}  ${say(rate)}/s  ${left}`;
    // A terminal of unknown width says 0.
    return line.trimEnd().slice(0, (screen.columns || 100) - 1);
  }

  /** Takes the line away; what is worth keeping is said by the caller. */
  end(): void {
    if (this.#options.screen.isTTY) this.#options.screen.write("\r\x1b[K");
  }
}
