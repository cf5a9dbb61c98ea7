// Cross-validation with an inner one that chooses the setting: no picture is judged by a model that saw or was chosen on it.
import { stratifiedFolds } from "./folds.ts";
import { pick, type Shots } from "./shots.ts";

/** A way to adapt, and the settings that it may have. */
export interface Method<Setting extends object, Model> {
  /** Nearest to zero-shot first: of equals the first is taken. */
  settings: readonly Setting[];
  fit(shots: Shots, setting: Setting): Model;
  /** @returns the label of each picture as a row of the bank */
  predict(model: Model, shots: Shots): number[];
}

const FOLDS = 5;
const INNER_FOLDS = 3;

const complement = (fold: readonly number[], count: number): number[] => {
  const out = new Set(fold);
  return [...Array(count).keys()].filter((at) => !out.has(at));
};

/** @returns the setting that is right most often in cross-validation; the first where a label has but one picture */
export function chooseSetting<S extends object, M>({ settings, fit, predict }: Method<S, M>, shots: Shots): S {
  const [first] = settings;
  if (first === undefined) throw new RangeError("a method without settings");
  const folds = stratifiedFolds(shots.labels, INNER_FOLDS, 2);
  if (folds.length < 2) return first;
  const parts = folds.map((fold) => ({
    seen: pick(shots, complement(fold, shots.labels.length)),
    unseen: pick(shots, fold),
  }));
  let best = { setting: first, right: -1 };
  for (const setting of settings) {
    let right = 0;
    for (const { seen, unseen } of parts)
      right += predict(fit(seen, setting), unseen).filter((label, at) => label === unseen.labels[at]).length;
    if (right > best.right) best = { setting, right };
  }
  return best.setting;
}

/**
 * @returns the label of each picture by a model that did not see it, and the number of folds
 * @throws RangeError when a label has but one picture
 */
export function crossValidate<S extends object, M>(
  method: Method<S, M>,
  shots: Shots,
): { predictions: number[]; folds: number } {
  const folds = stratifiedFolds(shots.labels, FOLDS, 1);
  if (folds.length < 2) throw new RangeError("a label has but one picture: nothing is left to judge by");
  const predictions: number[] = Array(shots.labels.length).fill(-1);
  for (const fold of folds) {
    const seen = pick(shots, complement(fold, shots.labels.length));
    const model = method.fit(seen, chooseSetting(method, seen));
    for (const [at, label] of method.predict(model, pick(shots, fold)).entries()) predictions[fold[at] ?? -1] = label;
  }
  return { predictions, folds: folds.length };
}
