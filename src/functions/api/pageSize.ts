// How many entries of a list are asked for, as a query says it.
import * as v from "valibot";

export const pageSize = v.pipe(
  v.string(),
  v.regex(/^\d{1,3}$/, "must be from 1 to 100"),
  v.transform(Number),
  v.minValue(1, "must be from 1 to 100"),
  v.maxValue(100, "must be from 1 to 100"),
);
