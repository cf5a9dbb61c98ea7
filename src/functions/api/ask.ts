// A request's picture and the labels that it is asked about, as vectors: what classify and tag share.
import type { Context } from "hono";
import type { Bank } from "../../core/labels/bank.ts";
import { animationWarnings, truncationWarnings, type Warning } from "../answer/warnings.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import { type Classifier, type Labels, labelsClassifier, textsOf } from "./classifier.ts";
import { encodePictures } from "./encodePictures.ts";
import type { AppTypes } from "./env.ts";
import { readExamples } from "./examples.ts";
import type { Isolate } from "./isolate.ts";
import type { Input } from "./readInput.ts";

interface Asked {
  /** unit vector [D] */
  image: Float32Array;
  classifier: Classifier;
  warnings: Warning[];
}

/** The picture against the labels of a bank, by their texts or by what was learned. */
export async function askBank(
  { deployment }: Isolate,
  context: Context<AppTypes>,
  { pictures }: Input,
  { labels, vectors }: Pick<Bank, "labels" | "vectors">,
): Promise<Asked> {
  const encoded = await encodePictures(context.env, context.get("timing"), deployment().manifest, pictures);
  return {
    image: encoded[0]?.vector ?? new Float32Array(),
    classifier: { names: labels.map(({ name }) => name), vectors },
    warnings: animationWarnings(encoded),
  };
}

/**
 * The picture against labels of the request's own; their texts are encoded while pictures are.
 * @param rivals whether labels are weighed against a background of texts as well
 * @throws Problem `text_unavailable`, and what is wrong with the labels and their pictures
 */
export async function askLabels(
  isolate: Isolate,
  context: Context<AppTypes>,
  input: Input,
  { labels, template }: { labels: Labels; template: string | undefined },
  rivals: boolean,
): Promise<Asked> {
  const timing = context.get("timing");
  const deployment = isolate.deployment();
  const { manifest } = deployment;
  const texts = textsOf(labels, template);
  const given = texts.filter((text) => text !== undefined);
  const examples = await readExamples(labels, remoteFetcher(context.env, timing));

  const [[first, ...shown], words] = await Promise.all([
    encodePictures(
      context.env,
      timing,
      manifest,
      [...input.pictures, ...examples.map(({ bytes }) => bytes)],
      [undefined, ...examples.map(({ pointer }) => pointer)],
    ),
    given.length > 0 ? timing.measure("text", () => isolate.texts.encode(context.env.TEXT, deployment, given)) : [],
  ]);
  const next = words.values();
  const encoded = texts.map((text) => (text === undefined ? undefined : next.next().value));
  const told = labels.map((label, row) => ({
    name: typeof label === "string" ? label : label.name,
    text: encoded[row]?.vector,
    pictures: shown.filter((_, at) => examples[at]?.label === row).map(({ vector }) => vector),
  }));
  return {
    image: first?.vector ?? new Float32Array(),
    classifier: labelsClassifier(told, rivals, deployment),
    warnings: [
      ...truncationWarnings(
        encoded.map((text) => text ?? { truncated: false }),
        manifest,
        "/labels",
      ),
      ...animationWarnings(first ? [first] : []),
      ...shown.flatMap((picture, at) =>
        animationWarnings([picture]).map((warning) => ({ ...warning, pointer: examples[at]?.pointer ?? "" })),
      ),
    ],
  };
}
