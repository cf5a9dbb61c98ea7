// The answer to a webhook: the worst of its pictures decides, and each is told by itself.
import { worst } from "../../core/policy/worst.ts";
import { modelOf } from "../answer/modelOf.ts";
import type { Warning } from "../answer/warnings.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { backgroundOf } from "../moderation/backgroundOf.ts";
import { policyOf, warningsOf } from "../moderation/judge.ts";
import { knownTenant, type PictureVerdict, unjudged } from "./judgePicture.ts";

/** A warning of one picture names it; what holds for all is said once. */
function distinct(standing: Warning[], pictures: readonly PictureVerdict[]): Warning[] {
  const own = pictures.flatMap(({ pointer, warnings }) =>
    warnings.map((warning) => (warning.code.startsWith("animation") ? { ...warning, pointer } : warning)),
  );
  return [...new Map([...standing, ...own].map((warning) => [JSON.stringify(warning), warning])).values()];
}

/** @param pictures none is for people to look at, since nothing was */
export function answerOf(
  id: string,
  pictures: readonly PictureVerdict[],
  { policy: policyId, tenant }: { policy: string; tenant: string | null },
  deployment: Deployment,
) {
  const policy = deployment.policies.get(policyId);
  const verdicts = pictures.length > 0 ? pictures : [unjudged({ pointer: "", url: "" }, policy, "no_pictures")];
  const { decision, reasons, categories, unjudged: unjudgedCategories } = worst(verdicts);
  return {
    ...{ id, decision, reasons, categories, unjudged: unjudgedCategories },
    pictures: pictures.map(({ warnings: _warnings, ...told }) => told),
    policy: policy ? policyOf(policy, knownTenant(policy, tenant)) : null,
    model: modelOf(deployment.manifest),
    bank: policy ? backgroundOf(policy.background, deployment) : null,
    warnings: distinct(warningsOf(deployment, policy ? [{ policy, thresholds: {} }] : []), pictures),
  };
}
export type Answer = ReturnType<typeof answerOf>;
