// When a webhook is tried again: the schedule that Standard Webhooks recommends, with jitter, or what the receiver asks for.

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Seconds before each attempt. */
export const SCHEDULE: readonly number[] = [
  ...[0, 5, 5 * MINUTE, 30 * MINUTE],
  ...[2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
];

/** Of a wait, either way, so that what failed together does not come back together. */
const JITTER = 0.1;
const MAX_RETRY_AFTER = 24 * HOUR;

/**
 * @param attempts made so far
 * @param retryAfter seconds that the receiver asked for
 * @param random from 0 to 1
 * @returns seconds until the next attempt, undefined when that was the last
 */
export function nextWait(
  schedule: readonly number[],
  attempts: number,
  retryAfter: number | undefined,
  random: number,
): number | undefined {
  const planned = schedule[attempts];
  if (planned === undefined) return undefined;
  const jittered = planned * (1 + JITTER * (2 * random - 1));
  return Math.max(jittered, Math.min(retryAfter ?? 0, MAX_RETRY_AFTER));
}

/**
 * Seconds of a schedule in a variable, e.g. `0, 5, 300`.
 * @throws Error where it is none
 */
export function readSchedule(text: string): number[] {
  const seconds = text.split(",").map((part) => Number(part.trim() || Number.NaN));
  if (seconds.every((wait) => wait >= 0 && Number.isFinite(wait))) return seconds;
  throw new Error(`a schedule is seconds separated by commas, not ${JSON.stringify(text)}`);
}
