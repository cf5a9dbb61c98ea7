// One picture of a webhook: fetched under every guard and judged. One that cannot be fetched is for people to look at.
import { cannotJudge, type Verdict } from "../../core/policy/decide.ts";
import { Problem } from "../../core/problem.ts";
import type { Timing } from "../answer/timing.ts";
import type { Warning } from "../answer/warnings.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { checkModerator, judge, type Standard, standardOf } from "../moderation/judge.ts";
import type { Parts } from "../moderation/viewsOf.ts";
import { type RemoteEnv, remoteFetcher } from "../remote/remoteFetcher.ts";

export interface Picture {
  /** Where its address stands in the payload. */
  pointer: string;
  url: string;
}

export interface PictureVerdict extends Picture, Verdict {
  warnings: Warning[];
}

export interface JudgeEnv extends Parts, RemoteEnv {
  ALLOW_DEMO_MODERATION?: string;
}

/** A tenant that the policy does not know is judged by the policy's own thresholds. */
export const knownTenant = (policy: Standard["policy"] | undefined, tenant: string | null): string | undefined =>
  policy && tenant !== null && Object.hasOwn(policy.tenants, tenant) ? tenant : undefined;

export const standardFor = (deployment: Deployment, policy: string, tenant: string | null): Standard =>
  standardOf(deployment, policy, knownTenant(deployment.policies.get(policy), tenant), "policy");

/** The verdict on a picture that no part could judge. */
export function unjudged(picture: Picture, policy: Standard["policy"] | undefined, code: string): PictureVerdict {
  return { ...picture, ...cannotJudge(policy ?? { calibrated: false, categories: [] }, code), warnings: [] };
}

/** @throws Problem of a part that failed: the picture may be judged at another time */
export async function judgePicture(
  env: JudgeEnv,
  timing: Timing,
  deployment: Deployment,
  standard: Standard,
  picture: Picture,
): Promise<PictureVerdict> {
  checkModerator(deployment, env.ALLOW_DEMO_MODERATION);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await remoteFetcher(env, timing)(picture.url, picture.pointer);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return unjudged(picture, standard.policy, error.code);
  }
  const { verdicts, warnings } = await judge(env, timing, deployment, bytes, [standard]);
  const [verdict] = verdicts;
  if (!verdict) throw new RangeError("a standard without a verdict");
  return { ...picture, ...verdict, warnings };
}
