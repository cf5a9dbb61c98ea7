// A picture against policies. What cannot be read is for people to look at, never let through.

import { categoryLogits, competitionOfCategories } from "../../core/policy/categoryLogits.ts";
import { cannotJudge, decide, partlySeen, type Verdict } from "../../core/policy/decide.ts";
import type { Policy, Thresholds } from "../../core/policy/policy.ts";
import { Problem, type ProblemCode } from "../../core/problem.ts";
import type { Competition } from "../../core/score/tagLogits.ts";
import type { Timing } from "../answer/timing.ts";
import type { Warning } from "../answer/warnings.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { type Parts, type Views, viewsOf } from "./viewsOf.ts";

/** Failures that are the picture's own: no other try would read it. */
const UNREADABLE: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  "unsupported_image",
  "image_unreadable",
  "image_too_many_pixels",
  "body_too_large",
  "remote_too_large",
]);

const isUnreadable = (error: unknown): error is Problem => error instanceof Problem && UNREADABLE.has(error.code);

/** A policy, and the thresholds that a tenant has instead. */
export interface Standard {
  policy: Policy;
  thresholds: Readonly<Record<string, Thresholds>>;
}

/** @throws Problem `policy_not_found`, or `invalid_request` naming `tenant` where no policy knows it */
export function standardOf({ policies }: Deployment, id: string, tenant: string | undefined, field: string): Standard {
  const policy = policies.get(id);
  const named = (name: string, message: string) => ({ errors: [{ parameter: name, pointer: `/${name}`, message }] });
  if (!policy) {
    const known = [...policies.keys()].join(", ") || "none";
    const message = `names no policy of this deployment; there are: ${known}`;
    throw new Problem("policy_not_found", `${field} ${message}.`, named(field, message));
  }
  if (tenant === undefined) return { policy, thresholds: {} };
  const thresholds = Object.hasOwn(policy.tenants, tenant) ? policy.tenants[tenant] : undefined;
  if (thresholds) return { policy, thresholds };
  const message = `is no tenant of the policy ${id}`;
  throw new Problem("invalid_request", `tenant ${message}.`, named("tenant", message));
}

/** @throws Problem `model_unavailable` where the model is for trying out and the deployment does not allow it */
export function checkModerator({ manifest }: Pick<Deployment, "manifest">, allowDemo: string | undefined): void {
  if (!manifest.demo || allowDemo === "yes") return;
  throw new Problem(
    "model_unavailable",
    `${manifest.id} is a model for trying out and no moderator. Deploy another, or set ALLOW_DEMO_MODERATION to yes.`,
  );
}

const competitions = new WeakMap<Policy, Competition[]>();

function logitsOf(policy: Policy, vectors: readonly Float32Array[], { banks, manifest }: Deployment): Float64Array[] {
  const background = banks.get(policy.background);
  if (!background)
    throw new Problem(
      "pack_corrupt",
      `The policy ${policy.id} needs the bank ${policy.background}, which is not deployed.`,
    );
  const competition = competitions.get(policy) ?? competitionOfCategories(policy, background);
  competitions.set(policy, competition);
  return vectors.map((vector) => categoryLogits(vector, policy, background, competition, manifest));
}

export interface Judgement {
  /** One a standard, in order. */
  verdicts: Verdict[];
  warnings: Warning[];
}

/**
 * @param picture its bytes, its views where they are encoded already, or why there are none
 * @throws Problem of a part that failed: the picture may be judged at another time
 */
export async function judge(
  parts: Parts,
  timing: Timing,
  deployment: Deployment,
  picture: Uint8Array<ArrayBuffer> | Views | Problem,
  standards: readonly Standard[],
): Promise<Judgement> {
  const warnings = warningsOf(deployment, standards);
  try {
    if (picture instanceof Problem) throw picture;
    const { vectors, animated, frames } =
      picture instanceof Uint8Array ? await viewsOf(parts, timing, deployment.manifest, picture) : picture;
    const hidden = animated && frames === 1;
    const verdicts = standards.map(({ policy, thresholds }) => {
      const verdict = decide(policy, logitsOf(policy, vectors, deployment), thresholds);
      return hidden ? partlySeen(verdict, "animation_first_frame") : verdict;
    });
    const message = "The picture has several frames; only the first could be looked at.";
    const first: Warning[] = hidden ? [{ code: "animation_first_frame", message }] : [];
    return { verdicts, warnings: [...warnings, ...first] };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { verdicts: standards.map(({ policy }) => cannotJudge(policy, error.code)), warnings };
  }
}

/** What every verdict by these standards warns of. */
export function warningsOf({ manifest }: Deployment, standards: readonly Standard[]): Warning[] {
  const demo = `${manifest.id} is a model for trying out: its judgement is not to be relied on.`;
  const uncalibrated = standards.filter(({ policy }) => !policy.calibrated).map(({ policy }) => policy.id);
  return [
    ...(manifest.demo ? [{ code: "demo_model", message: demo } as const] : []),
    ...uncalibrated.map((id) => ({
      code: "policy_uncalibrated" as const,
      message: `The policy ${id} was not calibrated for this model: its scores are no probabilities, and nothing is blocked.`,
    })),
  ];
}

/** How an answer names what was judged by. */
export const policyOf = ({ id, hash, calibrated }: Policy, tenant: string | undefined) => ({
  id,
  hash,
  calibrated,
  tenant: tenant ?? null,
});
