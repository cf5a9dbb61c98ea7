// POST /v1/classify: which of these labels the picture shows.
import type { Context } from "hono";
import { cosines } from "../../core/score/cosines.ts";
import { round6 } from "../../core/score/round6.ts";
import { softmax } from "../../core/score/softmax.ts";
import { topK } from "../../core/score/topK.ts";
import { InFlight } from "../body/inFlight.ts";
import { declaredBytes } from "../body/readBody.ts";
import { classifierOf, type Warning } from "./classifier.ts";
import { classifyOptions } from "./classifyOptions.ts";
import { decodePicture } from "./decodePicture.ts";
import type { Deployment } from "./deployment.ts";
import type { AppTypes } from "./env.ts";
import { infer } from "./infer.ts";
import { modelOf } from "./models.ts";
import { bodyCap, readInput } from "./readInput.ts";
import { TextVectors } from "./textVectors.ts";

/** Bytes of pictures held in one isolate. */
const IN_FLIGHT_BYTES = 48 * 2 ** 20;

export function classify(deployment: () => Deployment) {
  const inFlight = new InFlight(IN_FLIGHT_BYTES);
  const cache = new TextVectors();

  const handle = async (context: Context<AppTypes>): Promise<Response> => {
    const { env } = context;
    const timing = context.get("timing");
    const deployed = deployment();
    const { manifest } = deployed;
    const { size } = manifest.image;
    const input = await readInput(context.req.raw);
    const options = classifyOptions(input);

    // An unknown bank is told before a picture is decoded; free texts are encoded meanwhile.
    const [classifier, { pixels, animated }] = await Promise.all([
      options.bank === undefined
        ? timing.measure("text", () => classifierOf(options, deployed, env.TEXT, cache))
        : classifierOf(options, deployed, env.TEXT, cache),
      timing.measure("decode", () => decodePicture(env.IMAGE, input.bytes, size)),
    ]);
    const tensor = { name: "pixels", datatype: "UINT8" as const, shape: [1, size, size, 3], data: pixels };
    const image = await timing.measure("encode", () => infer(env.VISION, "vision", manifest, tensor));

    const cosine = cosines(image, classifier.vectors);
    const scores = softmax(cosine, manifest.logit_scale, manifest.logit_bias);
    const predictions = topK(scores, options.top_k).map((row) => ({
      label: classifier.names[row] ?? "",
      score: round6(scores[row] ?? 0),
      cosine: round6(cosine[row] ?? 0),
    }));
    const warnings: Warning[] = [...classifier.warnings];
    if (animated)
      warnings.push({
        code: "animation_first_frame",
        message: "The picture is animated; its first frame was looked at.",
      });
    return context.json({
      predictions,
      abstained: options.threshold !== undefined && (predictions[0]?.score ?? 0) < options.threshold,
      model: modelOf(manifest),
      bank: classifier.bank,
      warnings,
    });
  };

  return (context: Context<AppTypes>): Promise<Response> =>
    inFlight.hold(declaredBytes(context.req.raw, bodyCap(context.req.raw)), () => handle(context));
}
