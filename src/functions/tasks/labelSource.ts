// What a picture is asked about: a bank, or labels of the request's own. The options that classify and tag share.
import * as v from "valibot";
import { isTemplate } from "../../core/labels/prompts.ts";
import { Problem } from "../../core/problem.ts";
import { either } from "../input/either.ts";
import type { Given } from "../input/options.ts";
import { parseOptions } from "../input/parseOptions.ts";
import { pictureValue } from "../input/picture.ts";
import { text } from "../input/text.ts";

export const MAX_LABELS = 1_000;
const MAX_QUERY_LABELS = 100;

const described = v.strictObject({
  name: text,
  text: v.optional(text),
  /** Each as `<picture>`, read by readExamples. */
  images: v.optional(
    v.pipe(v.array(pictureValue, "must be a list of pictures"), v.minLength(1, "must have at least one picture")),
  ),
});

const label = either([text, described], "must be a text, or an object with name and maybe text and images");

/** Entries of a request's schema. */
export const labelSource = {
  bank: v.optional(v.pipe(v.string("must be the id of a bank"), v.minLength(1, "must be the id of a bank"))),
  labels: v.optional(v.pipe(v.array(label, "must be a list"), v.minLength(1, "must have at least one label"))),
  template: v.optional(v.pipe(text, v.check(isTemplate, "must contain {} exactly once"))),
};

const LabelSourceSchema = v.object(labelSource);
export type LabelSource = v.InferOutput<typeof LabelSourceSchema>;

/**
 * Parses options that hold a label source.
 * @throws Problem `invalid_request`, `too_many_labels`
 */
export function labelOptions<S extends v.GenericSchema<unknown, LabelSource>>(
  schema: S,
  input: Given,
): v.InferOutput<S> {
  const given = input.options.labels;
  const limit = input.form === "json" ? MAX_LABELS : MAX_QUERY_LABELS;
  const named = (field: string, message: string) => ({
    errors: [input.form === "json" ? { pointer: `/${field}`, message } : { parameter: field, message }],
  });
  if (Array.isArray(given) && given.length > limit) {
    const more = limit < MAX_LABELS ? " (more go in a JSON body)" : "";
    const message = `${given.length} labels, where ${limit} are taken${more}`;
    throw new Problem("too_many_labels", `labels: ${message}.`, named("labels", message));
  }
  const options = parseOptions(schema, input);
  const { bank, labels, template }: LabelSource = options;
  if ((bank === undefined) === (labels === undefined)) {
    const message =
      bank === undefined ? "is missing: give either bank or labels" : "contradicts labels: give one of the two";
    throw new Problem("invalid_request", `bank ${message}.`, named("bank", message));
  }
  if (template !== undefined && labels === undefined) {
    const message = "goes with labels only: a bank has its own";
    throw new Problem("invalid_request", `template ${message}.`, named("template", message));
  }
  return options;
}
