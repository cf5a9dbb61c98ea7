// Stratified folds: every fold has its share of every label.
import { randomFrom, shuffled } from "./random.ts";
import { byLabel } from "./shots.ts";

/**
 * @param labels of each picture
 * @param most folds, fewer where a label has fewer pictures
 * @returns indices of each fold; a single fold when a label has but one picture
 */
export function stratifiedFolds(labels: readonly number[], most: number, seed: number): number[][] {
  const groups = [...byLabel(labels).values()];
  const count = Math.min(most, ...groups.map(({ length }) => length));
  const folds: number[][] = Array.from({ length: count }, () => []);
  const random = randomFrom(seed);
  // Dealt on from where the last label ended, so that folds are of one size.
  for (const [at, picture] of groups.flatMap((group) => shuffled(group, random)).entries())
    folds[at % count]?.push(picture);
  return folds;
}
