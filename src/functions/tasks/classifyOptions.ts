// The options of POST /v1/classify.
import * as v from "valibot";
import type { Given } from "../input/options.ts";
import { labelOptions, labelSource, MAX_LABELS } from "./labelSource.ts";

export const ClassifySchema = v.strictObject({
  ...labelSource,
  top_k: v.optional(
    v.pipe(
      v.number("must be a number"),
      v.integer("must be a whole number"),
      v.minValue(1, "must be at least 1"),
      v.maxValue(MAX_LABELS, `must be at most ${MAX_LABELS}`),
    ),
    5,
  ),
  threshold: v.optional(
    v.pipe(v.number("must be a number"), v.minValue(0, "must be at least 0"), v.maxValue(1, "must be at most 1")),
  ),
});

/** @throws Problem `invalid_request`, `too_many_labels` */
export const classifyOptions = (input: Given) => labelOptions(ClassifySchema, input);
