// What /v1/classify answers for one picture: which of the labels it shows.
import { addCache } from "../../core/fewshot/tipAdapter.ts";
import type { Bank } from "../../core/labels/bank.ts";
import { classScores } from "../../core/score/classScores.ts";
import { cosines } from "../../core/score/cosines.ts";
import { round6 } from "../../core/score/round6.ts";
import { topK } from "../../core/score/topK.ts";
import { modelOf } from "../answer/modelOf.ts";
import { animationWarnings, type Warning } from "../answer/warnings.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { type Classifier, usedBank } from "./classifier.ts";
import type { EncodedPicture } from "./encodePictures.ts";

/** The labels of a bank, by their texts or by what was learned. */
export const bankClasses = ({ labels, classes }: Bank): Classifier => ({
  names: labels.map(({ name }) => name),
  vectors: classes,
});

/**
 * @param bank undefined where the labels are the request's own
 * @param warnings of the labels
 */
export function classifyPicture(
  { manifest }: Deployment,
  { bank, classifier, warnings }: { bank: Bank | undefined; classifier: Classifier; warnings: readonly Warning[] },
  picture: EncodedPicture,
  { top_k, threshold }: { top_k: number; threshold?: number | undefined },
) {
  const cosine = cosines(picture.vector, classifier.vectors);
  const logits = Float64Array.from(cosine, (value) => manifest.logit_scale * value + manifest.logit_bias);
  if (bank?.adapted?.method === "tip") addCache(logits, cosines(picture.vector, bank.learned), bank.adapted);
  const scores = classScores(logits, manifest.scores);
  const predictions = topK(scores, top_k).map((row) => ({
    label: classifier.names[row] ?? "",
    score: round6(scores[row] ?? 0),
    cosine: round6(cosine[row] ?? 0),
  }));
  return {
    predictions,
    abstained: threshold !== undefined && (predictions[0]?.score ?? 0) < threshold,
    model: modelOf(manifest),
    bank: usedBank(bank),
    warnings: [...warnings, ...animationWarnings([picture])],
  };
}
