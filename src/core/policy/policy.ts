// The moderation policy: categories with their concepts in one space, thresholds and calibration, as the build wrote it.
import * as v from "valibot";
import { type Bank, BankSchema, readBank } from "../labels/bank.ts";
import { Problem } from "../problem.ts";
import type { Platt } from "../score/platt.ts";

const sha256 = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));
const probability = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

export const SEVERITIES = ["low", "medium", "high"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What was fitted and counted for one category in one space. */
const MeasuredSchema = v.object({ slope: v.number(), intercept: v.number() });

const ThresholdsSchema = v.object({ review: probability, block: probability });
export type Thresholds = v.InferOutput<typeof ThresholdsSchema>;

const CategorySchema = v.object({
  name: v.pipe(v.string(), v.minLength(1)),
  description: v.string(),
  severity: v.picklist(SEVERITIES),
  review: probability,
  block: probability,
  parents: v.array(v.string()),
  /** OpenAI's name of the category that this one counts as, at /v1/moderations. */
  openai: v.optional(v.string()),
  /** Concepts of the category: rows of the bank from `from`, `count` of them. */
  from: v.pipe(v.number(), v.integer(), v.minValue(0)),
  count: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Absent where the category was not measured on the model at hand. */
  measured: v.optional(MeasuredSchema),
});

/** `<id>.json`; beside it lies `<id>.bin`, the vectors of its bank. */
export const PolicySchema = v.object({
  schema: v.literal(1),
  id: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/)),
  title: v.string(),
  description: v.string(),
  /** Of all that decides: see policyHash. */
  hash: sha256,
  categories: v.pipe(v.array(CategorySchema), v.minLength(1)),
  /** Thresholds of a tenant, by tenant and category, in place of the policy's. */
  tenants: v.record(v.string(), v.record(v.string(), ThresholdsSchema)),
  /** Whether categories were measured in this space at all. */
  calibrated: v.boolean(),
  /** The concepts of all categories, one after the other. */
  bank: BankSchema,
  built_from: v.optional(sha256),
});

export type PolicyFile = v.InferOutput<typeof PolicySchema>;
export type CategoryFile = v.InferOutput<typeof CategorySchema>;

export interface Category extends Omit<CategoryFile, "measured"> {
  measured: Platt | undefined;
}

export interface Policy extends Omit<PolicyFile, "bank" | "categories" | "schema" | "built_from"> {
  categories: Category[];
  bank: Bank;
  /** The bank that everything else stands in. */
  background: string;
}

/**
 * @param json the parsed `<id>.json`
 * @param bytes `<id>.bin`
 * @param space of the model that will be compared with
 * @throws Problem `space_mismatch` for a policy of another space, `pack_corrupt` for one that is damaged
 */
export function readPolicy(json: unknown, bytes: ArrayBuffer, space: string): Policy {
  const parsed = v.safeParse(PolicySchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new Problem("pack_corrupt", `policy: ${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
  }
  const { schema: _schema, built_from: _builtFrom, bank: file, categories, ...told } = parsed.output;
  const corrupt = (what: string) => new Problem("pack_corrupt", `policy ${told.id}: ${what}`);
  const bank = readBank(file, bytes, space);
  if (bank.background === undefined) throw corrupt("its concepts have no background");
  const concepts = categories.reduce((at, { name, from, count }) => {
    if (from !== at) throw corrupt(`the concepts of ${name} do not follow those before`);
    return at + count;
  }, 0);
  if (concepts !== bank.labels.length) throw corrupt(`${bank.labels.length} concepts where ${concepts} are stated`);
  return {
    ...told,
    categories: categories.map(({ measured, ...category }) => ({ ...category, measured })),
    bank,
    background: bank.background,
  };
}
