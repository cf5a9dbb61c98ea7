// Scores of labels that a picture is sorted by: one softmax over all, or each label's own sigmoid, as the model was trained.
import type { Manifest } from "../pack/manifest.ts";
import { sigmoid } from "./platt.ts";
import { softmax } from "./softmax.ts";

/** @param logits scale and bias applied, [L]. @returns [L] */
export const classScores = (
  logits: Float64Array<ArrayBuffer>,
  scores: Manifest["scores"],
): Float64Array<ArrayBuffer> => (scores === "sigmoid" ? logits.map(sigmoid) : softmax(logits, 1, 0));
