// Pages of a list, as a query asks for them: how many entries, behind which one.
import * as v from "valibot";
import { Problem } from "../../core/problem.ts";

export const pageSize = v.pipe(
  v.string(),
  v.regex(/^\d{1,3}$/, "must be from 1 to 100"),
  v.transform(Number),
  v.minValue(1, "must be from 1 to 100"),
  v.maxValue(100, "must be from 1 to 100"),
);

/** Without it a list would seem to have come to its end. */
export function noSuchCursor(what: string): Problem {
  const message = `names no ${what} that is there`;
  return new Problem("invalid_request", `after ${message}.`, { errors: [{ parameter: "after", message }] });
}
