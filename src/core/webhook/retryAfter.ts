// Retry-After of an answer, in seconds or as a date (RFC 9110, 10.2.3).

/**
 * @param now milliseconds
 * @returns seconds, undefined without one that can be read
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text);
  const until = Date.parse(text);
  return Number.isNaN(until) ? undefined : Math.max(0, (until - now) / 1000);
}
