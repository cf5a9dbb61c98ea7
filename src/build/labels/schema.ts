// What people write in models/labels/<id>.yaml.
import * as v from "valibot";
import { isTemplate } from "../../core/labels/prompts.ts";

export const words = v.pipe(v.string(), v.trim(), v.nonEmpty("must not be empty"), v.maxLength(200));
export const template = v.pipe(words, v.check(isTemplate, "must contain {} exactly once"));

const LabelFields = v.strictObject({
  name: words,
  /** Wider categories, nearest first; they need not be labels themselves. */
  parents: v.optional(v.pipe(v.array(words), v.maxLength(16)), []),
  /** Complete prompts instead of the templates; none, where the name says nothing and the pictures alone are to. */
  prompts: v.optional(v.pipe(v.array(words), v.maxLength(100))),
  /** Templates instead of the bank's. */
  templates: v.optional(v.pipe(v.array(template), v.minLength(1), v.maxLength(100))),
  /** Prompts of what is taken for this label and is not it. */
  negatives: v.optional(v.pipe(v.array(words), v.minLength(1), v.maxLength(100))),
  threshold: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  /** Example pictures, as paths from the folder of this file. */
  images: v.optional(v.pipe(v.array(words), v.minLength(1, "must name at least one picture"), v.maxLength(100))),
});

const LabelSchema = v.pipe(
  LabelFields,
  v.forward(
    v.check(({ prompts, images }) => prompts?.length !== 0 || images !== undefined, "may be empty only beside images"),
    ["prompts"],
  ),
);

const labelFrom = v.union(
  [
    v.pipe(
      words,
      v.transform((name): v.InferOutput<typeof LabelSchema> => ({ name, parents: [] })),
    ),
    LabelSchema,
  ],
  // Without this a label that is wrong inside is reported as being none of both, without the place.
  (issue) => {
    const [inner] = v.safeParse(LabelSchema, issue.input).issues ?? [];
    const path = inner ? v.getDotPath(inner) : null;
    return typeof issue.input === "object" && inner
      ? `${path ? `${path}: ` : ""}${inner.message}`
      : "must be a name or a mapping with a name";
  },
);

export const SourceSchema = v.strictObject({
  title: words,
  description: v.optional(v.pipe(v.string(), v.trim()), ""),
  templates: v.pipe(v.array(template), v.minLength(1), v.maxLength(100)),
  /** The bank whose labels stand for everything else a picture may show, when labels are scored on their own. */
  background: v.optional(words),
  /** Whether `a {}` becomes `an {}` where the name asks for it; CLIP's published prompts do not. */
  articles: v.optional(v.boolean(), false),
  labels: v.pipe(v.array(labelFrom), v.minLength(1), v.maxLength(20_000)),
});

export type Source = v.InferOutput<typeof SourceSchema>;
