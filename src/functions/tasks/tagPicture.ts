// What /v1/tag answers for one picture: every label that it shows, each with a probability of its own.
import type { Bank } from "../../core/labels/bank.ts";
import { competitionOf } from "../../core/labels/competition.ts";
import { Problem } from "../../core/problem.ts";
import { cosines } from "../../core/score/cosines.ts";
import { labelLogits } from "../../core/score/labelLogits.ts";
import { calibrate, IDENTITY } from "../../core/score/platt.ts";
import { round6 } from "../../core/score/round6.ts";
import type { Competition } from "../../core/score/tagLogits.ts";
import { topK } from "../../core/score/topK.ts";
import { modelOf } from "../answer/modelOf.ts";
import { animationWarnings, type Warning } from "../answer/warnings.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { backgroundOf, DEFAULT_BACKGROUND } from "./background.ts";
import { type Classifier, usedBank } from "./classifier.ts";
import type { EncodedPicture } from "./encodePictures.ts";

/** Where neither the request nor the label says which. */
const DEFAULT_MIN_SCORE = 0.2;

/** Labels, as far as tags need them. */
type Labelled = Pick<Bank, "labels" | "negatives">;

/** Kin of a bank's labels, worked out once. */
const known = new WeakMap<Bank, Competition[]>();

function competitionFor(bank: Bank | undefined, own: Labelled, background: Pick<Bank, "labels">): Competition[] {
  if (!bank) return competitionOf(own, background);
  const competition = known.get(bank) ?? competitionOf(bank, background);
  known.set(bank, competition);
  return competition;
}

/** The labels of a bank by their texts. */
export const bankTexts = ({ labels, vectors }: Bank): Classifier => ({
  names: labels.map(({ name }) => name),
  vectors,
});

/**
 * @param bank undefined where the labels are the request's own
 * @param warnings of the labels
 * @throws Problem `invalid_request` where there is nothing to weigh a label against
 */
export function tagPicture(
  deployment: Deployment,
  { bank, classifier, warnings }: { bank: Bank | undefined; classifier: Classifier; warnings: readonly Warning[] },
  picture: EncodedPicture,
  { min_score, max_tags }: { min_score?: number | undefined; max_tags: number },
) {
  const { manifest } = deployment;
  const { names, vectors } = classifier;
  const own: Labelled = bank ?? { labels: names.map((name) => ({ name, parents: [] })), negatives: new Map() };
  // Where there is no background, labels are weighed against one another.
  const background = backgroundOf(bank?.background, deployment) ?? { labels: own.labels, vectors };
  if (background.labels.length < 2 && manifest.scores !== "sigmoid") {
    const message = `there is nothing to weigh one label against: deploy a bank ${DEFAULT_BACKGROUND}, or ask about more`;
    throw new Problem("invalid_request", `${message}.`, { errors: [{ parameter: "labels", message }] });
  }
  const competition = competitionFor(bank, own, background);
  const nothing: Competition = { kin: [], negatives: undefined };
  const logits = labelLogits(
    picture.vector,
    vectors,
    background.vectors,
    (row) => competition[row] ?? nothing,
    manifest,
  );
  const cosine = cosines(picture.vector, vectors);
  const scores = logits.map((logit) => calibrate(logit, bank?.calibration ?? IDENTITY));

  const enough = (row: number) => (scores[row] ?? 0) >= (min_score ?? own.labels[row]?.threshold ?? DEFAULT_MIN_SCORE);
  const tags = topK(scores, scores.length)
    .filter(enough)
    .slice(0, max_tags)
    .map((row) => ({
      label: names[row] ?? "",
      score: round6(scores[row] ?? 0),
      cosine: round6(cosine[row] ?? 0),
      parents: own.labels[row]?.parents ?? [],
    }));
  return {
    tags,
    calibrated: bank?.calibrated ?? false,
    model: modelOf(manifest),
    bank: usedBank(bank),
    warnings: [...warnings, ...animationWarnings([picture])],
  };
}
