// What is answered for pictures, texts and batches, as schemas: the OpenAPI document is made of them, and the tests hold real answers against them.
import * as v from "valibot";
import { PRIORITIES, STATUSES, TASKS } from "../../batches/jobs.ts";
import { hash, Model, severity, share, time } from "./answerParts.ts";

const cosine = v.pipe(v.number(), v.minValue(-1.000001), v.maxValue(1.000001));
const decision = v.picklist(["allow", "review", "block"]);

const UsedBank = v.nullable(v.object({ id: v.string(), hash, calibrated: v.boolean() }));
const Warnings = v.array(v.object({ code: v.string(), message: v.string(), pointer: v.optional(v.string()) }));
/** What every answer of an inference has. */
const inferred = { model: Model, bank: UsedBank, warnings: Warnings };

const ClassifyAnswer = v.object({
  predictions: v.array(v.object({ label: v.string(), score: share, cosine })),
  abstained: v.boolean(),
  ...inferred,
});

const TagAnswer = v.object({
  tags: v.array(v.object({ label: v.string(), score: share, cosine, parents: v.array(v.string()) })),
  calibrated: v.boolean(),
  ...inferred,
});

const Cosines = v.array(v.object({ a: v.number(), b: v.number(), cosine }));
export const SimilarityAnswer = v.object({
  items: v.array(v.object({ kind: v.picklist(["image", "text"]), index: v.number() })),
  matrix: v.optional(v.array(v.array(cosine))),
  pairs: v.optional(Cosines),
  duplicates: Cosines,
  duplicate_threshold: v.number(),
  ...inferred,
});

export const EmbeddingsAnswer = v.object({
  object: v.literal("list"),
  data: v.array(
    v.object({
      object: v.literal("embedding"),
      index: v.number(),
      embedding: v.union([v.array(v.number()), v.string()]),
    }),
  ),
  model: v.string(),
  usage: v.object({ prompt_tokens: v.number(), total_tokens: v.number() }),
});

const Reasons = v.array(
  v.object({
    category: v.nullable(v.string()),
    score: v.nullable(share),
    threshold: v.nullable(share),
    severity: v.nullable(severity),
    code: v.string(),
  }),
);
const UsedPolicy = v.object({ id: v.string(), hash, calibrated: v.boolean(), tenant: v.nullable(v.string()) });

const ModerateAnswer = v.object({
  decision,
  reasons: Reasons,
  categories: v.record(v.string(), v.nullable(share)),
  unjudged: v.array(v.string()),
  policy: UsedPolicy,
  shadow: v.nullable(v.object({ policy: UsedPolicy, decision, reasons: Reasons })),
  ...inferred,
});

export const ModerationsAnswer = v.object({
  id: v.string(),
  model: v.string(),
  results: v.array(
    v.object({
      flagged: v.boolean(),
      categories: v.record(v.string(), v.boolean()),
      category_scores: v.record(v.string(), share),
      category_applied_input_types: v.record(v.string(), v.array(v.literal("image"))),
      decision,
      reasons: Reasons,
      unjudged: v.array(v.string()),
    }),
  ),
  policy: UsedPolicy,
  warnings: Warnings,
});

export const WebhookAnswer = v.object({
  id: v.string(),
  decision,
  reasons: Reasons,
  categories: v.record(v.string(), v.nullable(share)),
  unjudged: v.array(v.string()),
  pictures: v.array(
    v.object({
      pointer: v.string(),
      url: v.string(),
      decision,
      reasons: Reasons,
      categories: v.record(v.string(), v.nullable(share)),
      unjudged: v.array(v.string()),
    }),
  ),
  policy: v.nullable(UsedPolicy),
  ...inferred,
});

export const QueuedAnswer = v.object({ id: v.string(), status: v.literal("queued") });

const optionalTime = v.nullable(time);
export const BatchAnswer = v.object({
  id: v.string(),
  object: v.literal("batch"),
  task: v.picklist(TASKS),
  status: v.picklist(STATUSES),
  counts: v.object({ total: v.number(), completed: v.number(), failed: v.number() }),
  rate: v.nullable(v.number()),
  eta_seconds: v.nullable(v.number()),
  created_at: time,
  in_progress_at: optionalTime,
  finalizing_at: optionalTime,
  finished_at: optionalTime,
  expires_at: time,
  input: v.object({
    upload: v.optional(v.number()),
    key: v.optional(v.string()),
    prefix: v.optional(v.string()),
  }),
  options: v.record(v.string(), v.unknown()),
  priority: v.picklist(PRIORITIES),
  callback_url: v.nullable(v.string()),
  errors: v.array(v.object({ code: v.string(), message: v.string(), line: v.optional(v.number()) })),
  model: Model,
});

/** Of a request that named `escalate`: whether the big model was asked, and then the job. */
const toldOf = { escalated: v.optional(v.boolean()), job: v.optional(BatchAnswer) };
/** The edge's answer, while the big model's is not there. */
const waiting = { escalated: v.literal(true), job: BatchAnswer };
export const ClassifyOrBig = v.object({ ...ClassifyAnswer.entries, ...toldOf });
export const ClassifyEscalated = v.object({ ...ClassifyAnswer.entries, ...waiting });
export const TagOrBig = v.object({ ...TagAnswer.entries, ...toldOf });
export const TagEscalated = v.object({ ...TagAnswer.entries, ...waiting });
export const ModerateOrBig = v.object({ ...ModerateAnswer.entries, ...toldOf });
export const ModerateEscalated = v.object({ ...ModerateAnswer.entries, ...waiting });

export const BatchesAnswer = v.object({
  object: v.literal("list"),
  data: v.array(BatchAnswer),
  has_more: v.boolean(),
});
export const DeletedBatchAnswer = v.object({ id: v.string(), object: v.literal("batch"), deleted: v.literal(true) });
export const BatchResultAnswer = v.object({
  custom_id: v.string(),
  result: v.union([v.object({ embedding: v.array(v.number()) }), ClassifyAnswer, TagAnswer, ModerateAnswer]),
});
export const BatchErrorAnswer = v.object({
  custom_id: v.nullable(v.string()),
  line: v.number(),
  error: v.object({ code: v.string(), detail: v.string() }),
});
