// Whether a request can be escalated at all: told before anything is decoded.
import type { Context } from "hono";
import { Problem, type ProblemCode } from "../../../core/problem.ts";
import { quoted } from "../../../core/quoted.ts";
import type { BigModel, Deployment } from "../../deployment/deployment.ts";
import { checkModerator } from "../../moderation/judge.ts";
import type { ModerateOptions } from "../../tasks/moderatePicture.ts";
import type { AppTypes } from "../env.ts";
import { checkEmbeddedBank, checkEmbeddedPolicies } from "./embedded.ts";
import type { Escalate } from "./options.ts";

const refused = (code: ProblemCode, pointer: string, detail: string): Problem => {
  const parameter = pointer.split("/")[1] ?? "";
  return new Problem(code, detail, { errors: [{ pointer, parameter, message: detail }] });
};

/** @throws Problem `model_not_found`, and `forbidden` where the key could not read the job that comes of it */
function bigModel({ model }: Escalate, { big }: Deployment, context: Context<AppTypes>): BigModel {
  if (big?.manifest.id !== model || !big) {
    const there = big ? `there is ${big.manifest.id}` : "this deployment has none";
    const detail = `There is no big model ${quoted(model)}; ${there}.`;
    throw refused("model_not_found", "/escalate/model", detail);
  }
  const scopes = context.get("scopes");
  if (scopes && !scopes.has("batches"))
    throw new Problem("forbidden", "escalate makes a batch; this key does not have the scope batches.");
  return big;
}

/** @throws Problem `bank_not_found`, `invalid_request` for labels that only the edge can embed, and those of bigModel */
export function checkBank(
  escalate: Escalate,
  bank: string | undefined,
  deployment: Deployment,
  context: Context<AppTypes>,
): BigModel {
  const big = bigModel(escalate, deployment, context);
  const { id } = big.manifest;
  if (bank === undefined)
    throw refused("invalid_request", "/escalate", `escalate goes with a bank: labels are not embedded for ${id}.`);
  checkEmbeddedBank(bank, big);
  return big;
}

/**
 * @throws Problem `policy_not_found`, `invalid_request` for a policy that is measured on the edge's model only,
 * `model_unavailable` for a model that must not moderate, and those of bigModel
 */
export function checkPolicies(
  escalate: Escalate,
  { policy, shadow }: ModerateOptions,
  deployment: Deployment,
  context: Context<AppTypes>,
): BigModel {
  const big = bigModel(escalate, deployment, context);
  checkEmbeddedPolicies({ policy, shadow }, big);
  // Scores that are no probabilities would let through what a measured policy holds for review.
  if (big.policies.get(policy) === false && deployment.policies.get(policy)?.calibrated)
    throw refused(
      "invalid_request",
      "/escalate",
      `The policy ${quoted(policy)} is calibrated for ${deployment.manifest.id}, but not for ${big.manifest.id}.`,
    );
  checkModerator(big, context.env.ALLOW_DEMO_MODERATION);
  return big;
}
