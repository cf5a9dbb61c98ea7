// What is told of a deployment itself and to who runs it, as schemas.
import * as v from "valibot";
import { hash, Model, severity, share, time } from "./answerParts.ts";

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

/** What a bank and a policy say of themselves alike. */
const described = {
  id: v.string(),
  title: v.string(),
  description: v.string(),
  hash,
  space: hash,
  calibrated: v.boolean(),
};

const BankSummary = v.object({ ...described, count: v.number() });
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
      ...described,
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
