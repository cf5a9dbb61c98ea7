// What pictures are asked about, settled: the bank that is named, or the request's own labels as vectors, and the pictures beside them.
import type { Bank } from "../../core/labels/bank.ts";
import type { Warning } from "../answer/warnings.ts";
import { type Asking, askLabels } from "./ask.ts";
import { backgroundOf } from "./background.ts";
import { bankOf, type Classifier } from "./classifier.ts";
import { bankClasses } from "./classifyPicture.ts";
import { type EncodedPicture, encodePictures } from "./encodePictures.ts";
import type { LabelSource } from "./labelSource.ts";
import { bankTexts } from "./tagPicture.ts";

export interface AskedFor {
  bank: Bank | undefined;
  classifier: Classifier;
  warnings: readonly Warning[];
  pictures: EncodedPicture[];
}

/**
 * @param task classify takes what a bank has learned, tag its texts
 * @throws Problem `bank_not_found` before anything is decoded, `text_unavailable`, and what is wrong with a picture
 */
export async function askFor(
  asking: Asking,
  task: "classify" | "tag",
  { bank: id, labels = [], template }: LabelSource,
  pictures: readonly Uint8Array<ArrayBuffer>[],
): Promise<AskedFor> {
  const { env, timing, deployment } = asking;
  if (id === undefined) {
    // A sigmoid was trained on texts, as a background is of texts: pictures are carried over to them.
    const sigmoid = deployment.manifest.scores === "sigmoid";
    const rivals = task === "tag" && (sigmoid || backgroundOf(undefined, deployment) !== undefined);
    return { bank: undefined, ...(await askLabels(asking, pictures, { labels, template }, rivals)) };
  }
  const bank = bankOf(id, deployment);
  return {
    bank,
    classifier: task === "classify" ? bankClasses(bank) : bankTexts(bank),
    warnings: [],
    pictures: pictures.length > 0 ? await encodePictures(env, timing, deployment.manifest, pictures) : [],
  };
}
