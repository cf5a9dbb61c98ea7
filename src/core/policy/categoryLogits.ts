// Each category of a policy on one view of a picture: the log odds that any of its concepts shows.
import type { Bank } from "../labels/bank.ts";
import { competitionOf } from "../labels/competition.ts";
import { labelLogits, type Scoring } from "../score/labelLogits.ts";
import { logSumExp } from "../score/logSumExp.ts";
import type { Competition } from "../score/tagLogits.ts";
import type { Policy } from "./policy.ts";

/** @returns what the concepts of each category compete with: the same for all concepts of one category, by its row */
export function competitionOfCategories(
  { bank, categories }: Pick<Policy, "bank" | "categories">,
  background: Pick<Bank, "labels">,
): Competition[] {
  const own = competitionOf(bank, background);
  return categories.flatMap(({ from, count }) => {
    const concepts = own.slice(from, from + count);
    const negatives = concepts.flatMap(({ negatives }) => (negatives ? [...negatives] : []));
    const shared: Competition = {
      kin: [...new Set(concepts.flatMap(({ kin }) => kin))],
      negatives: negatives.length > 0 ? Float32Array.from(negatives) : undefined,
    };
    return concepts.map(() => shared);
  });
}

/**
 * A category is the union of its concepts: logit(c) = log( sum over its concepts of exp(s cos) ) - log( rivals ), the
 * rivals being those of score/tagLogits for the category as a whole. Where each concept is scored by itself, concepts share
 * nothing out among them: a category shows as surely as its surest concept.
 * @param view unit vector [D]
 * @param competition as `competitionOfCategories` gives it
 * @returns log odds of each category
 */
export function categoryLogits(
  view: Float32Array,
  { bank, categories }: Pick<Policy, "bank" | "categories">,
  background: Pick<Bank, "vectors">,
  competition: readonly Competition[],
  scoring: Scoring,
): Float64Array<ArrayBuffer> {
  const nothing: Competition = { kin: [], negatives: undefined };
  const rival = (row: number) => competition[row] ?? nothing;
  const concepts = labelLogits(view, bank.vectors, background.vectors, rival, scoring);
  const union = scoring.scores === "sigmoid" ? (logits: Float64Array) => Math.max(...logits) : logSumExp;
  return Float64Array.from(categories, ({ from, count }) => union(concepts.subarray(from, from + count)));
}
