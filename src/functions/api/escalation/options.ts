// `escalate`: which big model is asked where the edge is not certain, what counts as not certain, and how long the answer may take.
import * as v from "valibot";
import { Problem } from "../../../core/problem.ts";
import type { Given } from "../../input/options.ts";
import { parseOptions } from "../../input/parseOptions.ts";

/** A client, and what stands between, keep a request open for so long. */
const MAX_WAIT_MS = 30_000;

const probability = v.pipe(
  v.number("must be a number"),
  v.minValue(0, "must be at least 0"),
  v.maxValue(1, "must be at most 1"),
);

const EscalateSchema = v.strictObject(
  {
    model: v.pipe(v.string("must be the id of the big model"), v.minLength(1, "must be the id of the big model")),
    /** Both ends included. */
    band: v.pipe(
      v.strictTuple([probability, probability], "must be [low, high]"),
      v.check(([low, high]) => low <= high, "must be [low, high], the lower end first"),
    ),
    wait_ms: v.optional(
      v.pipe(
        v.number("must be a number"),
        v.integer("must be a whole number"),
        v.minValue(0, "must be at least 0"),
        v.maxValue(MAX_WAIT_MS, `must be at most ${MAX_WAIT_MS}`),
      ),
      0,
    ),
  },
  "must be {model, band, wait_ms?}",
);
export type Escalate = v.InferOutput<typeof EscalateSchema>;

/** The entry of an endpoint's options. */
export const escalateEntry = { escalate: v.optional(EscalateSchema) };
const EntrySchema = v.object(escalateEntry);

function fromText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = 'must be JSON, e.g. {"model": "…", "band": [0.3, 0.6]}';
    throw new Problem("invalid_request", `escalate: ${message}.`, {
      errors: [{ parameter: "escalate", message }],
      cause,
    });
  }
}

/**
 * In a query or a form it is JSON.
 * @returns it, and the options of the task itself
 * @throws Problem `invalid_request`
 */
export function takeEscalate({ options, form }: Given): { escalate: Escalate | undefined; given: Given } {
  const { escalate, ...own } = options;
  const value = form === "parameters" && typeof escalate === "string" ? fromText(escalate) : escalate;
  const parsed = parseOptions(EntrySchema, { options: value === undefined ? {} : { escalate: value }, form });
  return { escalate: parsed.escalate, given: { options: own, form } };
}

/** Scores as they are told, rounded. */
export const within = ([low, high]: Escalate["band"], score: number): boolean => score >= low && score <= high;
