// From category scores to allow, review or block, with the reasons. Never lets through what it could not look at.
import { calibrate, IDENTITY } from "../score/platt.ts";
import { round6 } from "../score/round6.ts";
import type { Category, Policy, Severity, Thresholds } from "./policy.ts";

export type Decision = "allow" | "review" | "block";

/** Why a picture is not simply allowed: a category and the threshold it reached, or a failure's code and no category. */
export interface Reason {
  category: string | null;
  score: number | null;
  threshold: number | null;
  severity: Severity | null;
  /** `over_block`, `over_review`, `over_block_uncalibrated`, or the code of what kept the picture from being judged */
  code: string;
}

export interface Verdict {
  decision: Decision;
  /** The gravest first. */
  reasons: Reason[];
  /** Probability of each category, null for one that was not judged. */
  categories: Record<string, number | null>;
  /** What this model cannot tell. */
  unjudged: string[];
}

const GRAVITY: Record<Severity, number> = { low: 0, medium: 1, high: 2 };

type Judging = Pick<Policy, "calibrated" | "categories">;

/** A calibrated policy judges what it was measured on; one without any calibration for the space judges all, uncertainly. */
const judges = ({ calibrated }: Judging, { measured }: Category): boolean => !calibrated || measured !== undefined;

const unjudgedOf = (policy: Judging): string[] =>
  policy.categories.filter((category) => !judges(policy, category)).map(({ name }) => name);

/**
 * @param views log odds of each category, of each view of the picture: the worst view decides; at least one
 * @param thresholds of a tenant, by category, in place of the policy's
 */
export function decide(
  policy: Judging,
  views: readonly Float64Array[],
  thresholds: Readonly<Record<string, Thresholds>> = {},
): Verdict {
  if (views.length === 0) throw new RangeError("a verdict on no view of a picture");
  const categories: Verdict["categories"] = {};
  const unjudged = unjudgedOf(policy);
  const reasons: Reason[] = [];
  for (const [row, category] of policy.categories.entries()) {
    const { name, severity } = category;
    categories[name] = null;
    if (!judges(policy, category)) continue;
    const score = Math.max(...views.map((logits) => calibrate(logits[row] ?? 0, category.measured ?? IDENTITY)));
    categories[name] = round6(score);
    const { review, block } = thresholds[name] ?? category;
    const told = { category: name, score: round6(score), severity };
    if (score >= block)
      reasons.push({ ...told, threshold: block, code: policy.calibrated ? "over_block" : "over_block_uncalibrated" });
    else if (score >= review) reasons.push({ ...told, threshold: review, code: "over_review" });
  }
  const grave = ({ code, severity }: Reason) => (code === "over_block" ? 10 : 0) + (severity ? GRAVITY[severity] : 0);
  reasons.sort((a, b) => grave(b) - grave(a) || (b.score ?? 0) - (a.score ?? 0));
  const decision = reasons.some(({ code }) => code === "over_block")
    ? "block"
    : reasons.length > 0
      ? "review"
      : "allow";
  return { decision, reasons, categories, unjudged };
}

const unseen = (code: string): Reason => ({ category: null, score: null, threshold: null, severity: null, code });

/**
 * The verdict on a picture of which a part could not be looked at: at least for review.
 * @param code what was not seen, e.g. `animation_first_frame`
 */
export const partlySeen = (verdict: Verdict, code: string): Verdict => ({
  ...verdict,
  decision: verdict.decision === "allow" ? "review" : verdict.decision,
  reasons: [...verdict.reasons, unseen(code)],
});

/**
 * The verdict on a picture that could not be looked at.
 * @param code why, e.g. `image_unreadable`
 */
export function cannotJudge(policy: Judging, code: string): Verdict {
  return {
    decision: "review",
    reasons: [unseen(code)],
    categories: Object.fromEntries(policy.categories.map(({ name }) => [name, null])),
    unjudged: unjudgedOf(policy),
  };
}
