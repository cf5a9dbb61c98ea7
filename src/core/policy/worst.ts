// Verdicts on several pictures as one: nothing is let through because another picture was harmless.
import type { Decision, Verdict } from "./decide.ts";

const GRAVITY: Record<Decision, number> = { allow: 0, review: 1, block: 2 };

const higher = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b);

/** @param verdicts by one policy, at least one; the reasons of the gravest verdict come first */
export function worst(verdicts: readonly Verdict[]): Verdict {
  const sorted = [...verdicts].sort((a, b) => GRAVITY[b.decision] - GRAVITY[a.decision]);
  const [first] = sorted;
  if (!first) throw new RangeError("a verdict on no picture");
  const highest = (name: string) => sorted.map(({ categories }) => categories[name] ?? null).reduce(higher, null);
  return {
    ...first,
    reasons: sorted.flatMap(({ reasons }) => reasons),
    categories: Object.fromEntries(Object.keys(first.categories).map((name) => [name, highest(name)])),
  };
}
