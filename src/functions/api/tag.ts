// POST /v1/tag: every label that the picture shows, each with a probability of its own.
import type { Context } from "hono";
import type { Bank } from "../../core/labels/bank.ts";
import { competitionOf } from "../../core/labels/competition.ts";
import { Problem } from "../../core/problem.ts";
import { cosines } from "../../core/score/cosines.ts";
import { calibrate, IDENTITY } from "../../core/score/platt.ts";
import { round6 } from "../../core/score/round6.ts";
import { type Competition, tagLogits } from "../../core/score/tagLogits.ts";
import { topK } from "../../core/score/topK.ts";
import { modelOf } from "../answer/modelOf.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import { askBank, askLabels } from "./ask.ts";
import { backgroundOf, DEFAULT_BACKGROUND } from "./background.ts";
import { bankOf } from "./classifier.ts";
import type { AppTypes } from "./env.ts";
import { type Isolate, withRoom } from "./isolate.ts";
import { readInput } from "./readInput.ts";
import { tagOptions } from "./tagOptions.ts";

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

export const tag = (isolate: Isolate) =>
  withRoom(isolate, async (context: Context<AppTypes>) => {
    const deployment = isolate.deployment();
    const { manifest } = deployment;
    const input = await readInput(context.req.raw, 1, remoteFetcher(context.env, context.get("timing")));
    const { bank: id, labels = [], template, min_score, max_tags } = tagOptions(input);
    // An unknown bank is told before anything is decoded.
    const bank = id === undefined ? undefined : bankOf(id, deployment);
    const against = backgroundOf(bank?.background, deployment);
    const { image, classifier, warnings } = bank
      ? await askBank(isolate, context, input, bank)
      : await askLabels(isolate, context, input, { labels, template }, against !== undefined);

    const { names, vectors } = classifier;
    const own: Labelled = bank ?? { labels: names.map((name) => ({ name, parents: [] })), negatives: new Map() };
    // Where there is no background, labels are weighed against one another.
    const background = against ?? { labels: own.labels, vectors };
    if (background.labels.length < 2) {
      const message = `there is nothing to weigh one label against: deploy a bank ${DEFAULT_BACKGROUND}, or ask about more`;
      throw new Problem("invalid_request", `${message}.`, { errors: [{ parameter: "labels", message }] });
    }
    const competition = competitionFor(bank, own, background);
    const nothing: Competition = { kin: [], negatives: undefined };
    const logits = tagLogits(
      image,
      vectors,
      background.vectors,
      (row) => competition[row] ?? nothing,
      manifest.logit_scale,
    );
    const cosine = cosines(image, vectors);
    const scores = logits.map((logit) => calibrate(logit, bank?.calibration ?? IDENTITY));

    const enough = (row: number) =>
      (scores[row] ?? 0) >= (min_score ?? own.labels[row]?.threshold ?? DEFAULT_MIN_SCORE);
    const tags = topK(scores, scores.length)
      .filter(enough)
      .slice(0, max_tags)
      .map((row) => ({
        label: names[row] ?? "",
        score: round6(scores[row] ?? 0),
        cosine: round6(cosine[row] ?? 0),
        parents: own.labels[row]?.parents ?? [],
      }));
    return context.json({
      tags,
      calibrated: bank?.calibrated ?? false,
      model: modelOf(manifest),
      bank: bank ? { id: bank.id, hash: bank.hash, calibrated: bank.calibrated } : null,
      warnings,
    });
  });
