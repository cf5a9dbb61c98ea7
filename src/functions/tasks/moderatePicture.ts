// What /v1/moderate answers for one picture: allow, review or block by a policy, with the reasons.
import type { Problem } from "../../core/problem.ts";
import { modelOf } from "../answer/modelOf.ts";
import type { Timing } from "../answer/timing.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { backgroundOf } from "../moderation/backgroundOf.ts";
import { judge, policyOf, standardOf } from "../moderation/judge.ts";
import type { Parts, Views } from "../moderation/viewsOf.ts";

export interface ModerateOptions {
  policy: string;
  shadow?: string | undefined;
  tenant?: string | undefined;
}

/** @throws Problem `policy_not_found`, `invalid_request` */
export const standardsOf = (deployment: Deployment, { policy, shadow, tenant }: ModerateOptions) => ({
  standard: standardOf(deployment, policy, tenant, "policy"),
  shadow: shadow === undefined ? undefined : standardOf(deployment, shadow, undefined, "shadow"),
});

/**
 * @param picture its bytes, its views where they are encoded already, or why there are none
 * @throws Problem of a part that failed
 */
export async function moderatePicture(
  parts: Parts,
  timing: Timing,
  deployment: Deployment,
  picture: Uint8Array<ArrayBuffer> | Views | Problem,
  { standard, shadow }: ReturnType<typeof standardsOf>,
  tenant: string | undefined,
) {
  const standards = shadow ? [standard, shadow] : [standard];
  const { verdicts, warnings } = await judge(parts, timing, deployment, picture, standards);
  const [verdict, shadowed] = verdicts;
  if (!verdict) throw new RangeError("a standard without a verdict");
  return {
    ...verdict,
    policy: policyOf(standard.policy, tenant),
    shadow:
      shadow && shadowed
        ? { policy: policyOf(shadow.policy, undefined), decision: shadowed.decision, reasons: shadowed.reasons }
        : null,
    model: modelOf(deployment.manifest),
    bank: backgroundOf(standard.policy.background, deployment),
    warnings,
  };
}
