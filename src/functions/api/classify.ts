// POST /v1/classify: which of these labels the picture shows.
import type { Context } from "hono";
import { addCache } from "../../core/fewshot/tipAdapter.ts";
import { cosines } from "../../core/score/cosines.ts";
import { round6 } from "../../core/score/round6.ts";
import { softmax } from "../../core/score/softmax.ts";
import { topK } from "../../core/score/topK.ts";
import { modelOf } from "../answer/modelOf.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import { askBank, askLabels } from "./ask.ts";
import { bankOf } from "./classifier.ts";
import { classifyOptions } from "./classifyOptions.ts";
import type { AppTypes } from "./env.ts";
import { type Isolate, withRoom } from "./isolate.ts";
import { readInput } from "./readInput.ts";

export const classify = (isolate: Isolate) =>
  withRoom(isolate, async (context: Context<AppTypes>) => {
    const deployment = isolate.deployment();
    const { manifest } = deployment;
    const input = await readInput(context.req.raw, 1, remoteFetcher(context.env, context.get("timing")));
    const { bank: id, labels = [], template, top_k, threshold } = classifyOptions(input);
    // An unknown bank is told before anything is decoded.
    const bank = id === undefined ? undefined : bankOf(id, deployment);
    const { image, classifier, warnings } = bank
      ? await askBank(isolate, context, input, { labels: bank.labels, vectors: bank.classes })
      : await askLabels(isolate, context, input, { labels, template }, false);

    const cosine = cosines(image, classifier.vectors);
    const logits = Float64Array.from(cosine, (value) => manifest.logit_scale * value + manifest.logit_bias);
    if (bank?.adapted?.method === "tip") addCache(logits, cosines(image, bank.learned), bank.adapted);
    const scores = softmax(logits, 1, 0);
    const predictions = topK(scores, top_k).map((row) => ({
      label: classifier.names[row] ?? "",
      score: round6(scores[row] ?? 0),
      cosine: round6(cosine[row] ?? 0),
    }));
    return context.json({
      predictions,
      abstained: threshold !== undefined && (predictions[0]?.score ?? 0) < threshold,
      model: modelOf(manifest),
      bank: bank ? { id: bank.id, hash: bank.hash, calibrated: bank.calibrated } : null,
      warnings,
    });
  });
