// Example pictures of a request's labels: `labels: [{"name", "images": [<picture>…], "text"?}]`.
import { Problem } from "../../core/problem.ts";
import { pictureFromJson } from "../input/picture.ts";
import type { FetchRemote } from "../remote/remoteFetcher.ts";
import type { LabelSource } from "./labelSource.ts";

/** Pictures of a request in all, the one that is asked about included. */
const MAX_PICTURES = 32;

export interface Example {
  /** Index of its label. */
  label: number;
  /** Where it stands in the request. */
  pointer: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** @throws Problem `invalid_request` when they are too many, or what is wrong with the first that cannot be taken */
export async function readExamples(
  labels: NonNullable<LabelSource["labels"]>,
  fetchRemote: FetchRemote,
): Promise<Example[]> {
  const imagesOf = (label: (typeof labels)[number]): unknown[] =>
    typeof label === "string" ? [] : (label.images ?? []);
  const count = labels.reduce((sum, label) => sum + imagesOf(label).length, 0);
  const most = MAX_PICTURES - 1;
  if (count > most) {
    const message = `have ${count} pictures, where ${most} beside the one asked about are taken`;
    throw new Problem("invalid_request", `labels ${message}.`, { errors: [{ pointer: "/labels", message }] });
  }
  const stated = labels.flatMap((each, label) =>
    imagesOf(each).map((image, at) => ({ label, image, pointer: `/labels/${label}/images/${at}` })),
  );
  return Promise.all(
    stated.map(async ({ label, image, pointer }) => ({
      label,
      pointer,
      bytes: await pictureFromJson(image, pointer, fetchRemote),
    })),
  );
}
