// Each category of a policy on one view of a picture: the log odds that any of its concepts shows.
import type { Bank } from "../labels/bank.ts";
import { competitionOf } from "../labels/competition.ts";
import { logSumExp } from "../score/logSumExp.ts";
import { type Competition, tagLogits } from "../score/tagLogits.ts";
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
 * rivals being those of score/tagLogits for the category as a whole.
 * @param view unit vector [D]
 * @param competition as `competitionOfCategories` gives it
 * @param scale the logit scale as multiplied
 * @returns log odds of each category
 */
export function categoryLogits(
  view: Float32Array,
  { bank, categories }: Pick<Policy, "bank" | "categories">,
  background: Pick<Bank, "vectors">,
  competition: readonly Competition[],
  scale: number,
): Float64Array<ArrayBuffer> {
  const nothing: Competition = { kin: [], negatives: undefined };
  const rival = (row: number) => competition[row] ?? nothing;
  const concepts = tagLogits(view, bank.vectors, background.vectors, rival, scale);
  return Float64Array.from(categories, ({ from, count }) => logSumExp(concepts.subarray(from, from + count)));
}
