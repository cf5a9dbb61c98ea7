// Whether a bank or policy was embedded for the big model as well.
import { Problem, type ProblemCode } from "../../../core/problem.ts";
import { quoted } from "../../../core/quoted.ts";
import type { BigModel } from "../../deployment/deployment.ts";
import type { ModerateOptions } from "../../tasks/moderatePicture.ts";

const missing = (code: ProblemCode, field: string, id: string, { manifest }: BigModel): Problem => {
  const message = `The ${field === "bank" ? "bank" : "policy"} ${quoted(id)} is not embedded for ${manifest.id}.`;
  return new Problem(code, message, { errors: [{ pointer: `/${field}`, parameter: field, message }] });
};

/** @throws Problem `bank_not_found` */
export function checkEmbeddedBank(bank: string, big: BigModel): void {
  if (!big.banks.has(bank)) throw missing("bank_not_found", "bank", bank, big);
}

/** @throws Problem `policy_not_found` */
export function checkEmbeddedPolicies(
  { policy, shadow }: Pick<ModerateOptions, "policy" | "shadow">,
  big: BigModel,
): void {
  for (const [field, id] of Object.entries({ policy, shadow }))
    if (id !== undefined && !big.policies.has(id)) throw missing("policy_not_found", field, id, big);
}
