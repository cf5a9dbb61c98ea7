// What the endpoints answer, as schemas: the OpenAPI document is made of them, and the tests hold real answers against them.
import * as v from "valibot";
import { PRIORITIES, STATUSES, TASKS } from "../../batches/jobs.ts";

const hash = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const cosine = v.pipe(v.number(), v.minValue(-1.000001), v.maxValue(1.000001));
const decision = v.picklist(["allow", "review", "block"]);
const severity = v.picklist(["low", "medium", "high"]);
const time = v.pipe(v.string(), v.isoTimestamp());

const Model = v.object({ id: v.string(), space: hash, pack: hash });
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

export const ModelsAnswer = v.object({
  data: v.array(
    v.object({
      ...Model.entries,
      family: v.string(),
      quantization: v.string(),
      embed_dim: v.number(),
      image_size: v.number(),
      context: v.number(),
      logit_scale: v.number(),
      source: v.object({ repo: v.string(), revision: v.string(), licence: v.string() }),
      text: v.boolean(),
      /** It is named in `escalate`, and nowhere else. */
      escalation: v.boolean(),
    }),
  ),
});

const BankSummary = v.object({
  id: v.string(),
  title: v.string(),
  description: v.string(),
  hash,
  space: hash,
  calibrated: v.boolean(),
  count: v.number(),
});
export const BanksAnswer = v.object({ data: v.array(BankSummary) });
export const BankAnswer = v.object({
  ...BankSummary.entries,
  templates: v.array(v.string()),
  labels: v.array(v.looseObject({ name: v.string(), parents: v.array(v.string()) })),
  adapted: v.nullable(v.looseObject({ method: v.picklist(["linear", "tip"]), labels: v.array(v.string()) })),
});

export const PoliciesAnswer = v.object({
  data: v.array(
    v.object({
      id: v.string(),
      title: v.string(),
      description: v.string(),
      hash,
      space: hash,
      calibrated: v.boolean(),
      background: v.string(),
      categories: v.array(
        v.object({
          name: v.string(),
          description: v.string(),
          severity,
          review: share,
          block: share,
          parents: v.array(v.string()),
          openai: v.optional(v.string()),
          judged: v.boolean(),
          concepts: v.array(v.string()),
        }),
      ),
      tenants: v.array(v.string()),
    }),
  ),
});

export const DeliveriesAnswer = v.object({
  data: v.array(
    v.object({
      id: v.string(),
      url: v.string(),
      state: v.picklist(["pending", "delivered", "dead"]),
      attempts: v.number(),
      last_status: v.nullable(v.number()),
      last_error: v.nullable(v.string()),
      created_at: time,
      next_attempt_at: v.nullable(time),
      endpoint_disabled_at: v.nullable(time),
    }),
  ),
  has_more: v.boolean(),
});
export const ReplayAnswer = v.object({ id: v.string(), state: v.literal("pending") });
export const SweepAnswer = v.object({ status: v.literal("queued") });

export const HealthAnswer = v.object({ status: v.literal("ok") });
export const ReadyAnswer = v.object({
  status: v.literal("ready"),
  parts: v.record(v.string(), v.object({ wasm_bytes: v.number() })),
  pack: hash,
  banks: v.array(v.string()),
});
