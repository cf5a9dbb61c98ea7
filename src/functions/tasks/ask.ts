// Pictures and the labels that they are asked about, as vectors: what classify and tag share.

import type { Timing } from "../answer/timing.ts";
import { animationWarnings, truncationWarnings, type Warning } from "../answer/warnings.ts";
import type { Deployment } from "../deployment/deployment.ts";
import type { Vision } from "../parts/encodePixels.ts";
import type { FetchRemote } from "../remote/remoteFetcher.ts";
import { type Classifier, type Labels, labelsClassifier, textsOf } from "./classifier.ts";
import { type EncodedPicture, encodePictures } from "./encodePictures.ts";
import { readExamples } from "./examples.ts";
import type { TextVectors } from "./textVectors.ts";

/** The parts of a deployment that look at pictures and read texts. */
interface TaskEnv extends Vision {
  IMAGE: Fetcher;
  /** Absent where a deployment does without free text. */
  TEXT?: Fetcher;
}

/** Who asks: the Worker's parts, and what it keeps. */
export interface Asking {
  env: TaskEnv;
  timing: Timing;
  deployment: Deployment;
  texts: TextVectors;
  fetchRemote: FetchRemote;
}

interface Asked {
  /** One a picture, in order. */
  pictures: EncodedPicture[];
  classifier: Classifier;
  /** Of the labels and their examples. */
  warnings: Warning[];
}

/**
 * Pictures against labels of the request's own; their texts are encoded while pictures are.
 * @param rivals whether labels are weighed against a background of texts as well, or scored as texts are
 * @throws Problem `text_unavailable`, and what is wrong with the labels and their pictures
 */
export async function askLabels(
  { env, timing, deployment, texts: textVectors, fetchRemote }: Asking,
  pictures: readonly Uint8Array<ArrayBuffer>[],
  { labels, template }: { labels: Labels; template: string | undefined },
  rivals: boolean,
): Promise<Asked> {
  const { manifest } = deployment;
  const texts = textsOf(labels, template);
  const given = texts.filter((text) => text !== undefined);
  const examples = await readExamples(labels, fetchRemote);
  const shownBytes = [...pictures, ...examples.map(({ bytes }) => bytes)];

  const [encodedPictures, words] = await Promise.all([
    shownBytes.length > 0
      ? encodePictures(env, timing, manifest, shownBytes, [
          ...pictures.map(() => undefined),
          ...examples.map(({ pointer }) => pointer),
        ])
      : [],
    given.length > 0 ? timing.measure("text", () => textVectors.encode(env.TEXT, deployment, given)) : [],
  ]);
  const shown = encodedPictures.slice(pictures.length);
  const next = words.values();
  const encoded = texts.map((text) => (text === undefined ? undefined : next.next().value));
  const told = labels.map((label, row) => ({
    name: typeof label === "string" ? label : label.name,
    text: encoded[row]?.vector,
    pictures: shown.filter((_, at) => examples[at]?.label === row).map(({ vector }) => vector),
  }));
  return {
    pictures: encodedPictures.slice(0, pictures.length),
    classifier: labelsClassifier(told, rivals, deployment),
    warnings: [
      ...truncationWarnings(
        encoded.map((text) => text ?? { truncated: false }),
        manifest,
        "/labels",
      ),
      ...shown.flatMap((picture, at) =>
        animationWarnings([picture]).map((warning) => ({ ...warning, pointer: examples[at]?.pointer ?? "" })),
      ),
    ],
  };
}
