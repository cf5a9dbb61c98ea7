// What people write in models/policies/<id>.yaml.
import * as v from "valibot";
import { SEVERITIES } from "../../core/policy/policy.ts";
import { template, words } from "../labels/schema.ts";

const prompts = v.pipe(v.array(words), v.minLength(1), v.maxLength(100));
const probability = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const name = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9 /_-]{0,63}$/, 'must be of lower case letters, digits, " ", "/", "_", "-"'),
);

const ConceptSchema = v.strictObject({ name: words, prompts });
const concept = v.union([words, ConceptSchema], "must be a name or a mapping with name and prompts");

const CategorySchema = v.pipe(
  v.strictObject({
    name,
    description: v.optional(v.pipe(v.string(), v.trim()), ""),
    severity: v.picklist(SEVERITIES, `must be one of ${SEVERITIES.join(", ")}`),
    /** Calibrated probabilities from which a picture is reviewed and blocked. */
    review: probability,
    block: probability,
    /** Wider categories. */
    parents: v.optional(v.pipe(v.array(words), v.maxLength(16)), []),
    openai: v.optional(words),
    /** What belongs to the category; names are put into the templates. */
    concepts: v.pipe(v.array(concept), v.minLength(1), v.maxLength(200)),
    /** Prompts of what is taken for the category and is not it. */
    negatives: v.optional(prompts),
    /** Labels of the background that do not speak against the category. */
    kin: v.optional(v.array(words), []),
  }),
  v.check(({ review, block }) => review <= block, "review must not be above block"),
);

const OverrideSchema = v.strictObject({ review: v.optional(probability), block: v.optional(probability) });

export const PolicySourceSchema = v.strictObject({
  title: words,
  description: v.optional(v.pipe(v.string(), v.trim()), ""),
  /** The bank whose labels stand for everything else a picture may show. */
  background: words,
  templates: v.pipe(v.array(template), v.minLength(1), v.maxLength(100)),
  categories: v.pipe(v.array(CategorySchema), v.minLength(1), v.maxLength(100)),
  /** Thresholds of a tenant where they differ, by tenant and category. */
  tenants: v.optional(
    v.record(v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/)), v.record(v.string(), OverrideSchema)),
    {},
  ),
});

export type PolicySource = v.InferOutput<typeof PolicySourceSchema>;
