// The options of POST /v1/tag.
import * as v from "valibot";
import type { Given } from "../input/options.ts";
import { labelOptions, labelSource } from "./labelSource.ts";

export const TagSchema = v.strictObject({
  ...labelSource,
  min_score: v.optional(
    v.pipe(v.number("must be a number"), v.minValue(0, "must be at least 0"), v.maxValue(1, "must be at most 1")),
  ),
  max_tags: v.optional(
    v.pipe(
      v.number("must be a number"),
      v.integer("must be a whole number"),
      v.minValue(1, "must be at least 1"),
      v.maxValue(1_000, "must be at most 1000"),
    ),
    20,
  ),
});

/** @throws Problem `invalid_request`, `too_many_labels` */
export const tagOptions = (input: Given) => labelOptions(TagSchema, input);
