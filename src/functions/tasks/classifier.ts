// The class vectors that a request asks for: a bank's, or those of its own labels, by text, example pictures or both.
import { bridged } from "../../core/fewshot/bridge.ts";
import { mixed, prototype } from "../../core/fewshot/prototype.ts";
import { filled } from "../../core/filled.ts";
import type { Bank } from "../../core/labels/bank.ts";
import { prompts } from "../../core/labels/prompts.ts";
import { Problem } from "../../core/problem.ts";
import { quoted } from "../../core/quoted.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { backgroundOf } from "./background.ts";
import type { LabelSource } from "./labelSource.ts";

/** For free labels without a template of their own; CLIP's first and most used prompt. */
const DEFAULT_TEMPLATE = "a photo of a {}.";

export type Labels = NonNullable<LabelSource["labels"]>;

export interface Classifier {
  names: string[];
  /** fp32 [L, D], unit rows */
  vectors: Float32Array;
}

/** @throws Problem `bank_not_found` */
export function bankOf(id: string, { banks }: Deployment): Bank {
  const bank = banks.get(id);
  if (bank) return bank;
  const known = [...banks.keys()].join(", ");
  const message = `There is no bank ${quoted(id)}; there are: ${known || "none"}.`;
  throw new Problem("bank_not_found", message, { errors: [{ parameter: "bank", pointer: "/bank", message }] });
}

/** @returns the text of each label; undefined for one that is told by pictures alone */
export const textsOf = (labels: Labels, template: string | undefined): (string | undefined)[] =>
  labels.map((label) => {
    const { name, text, images } =
      typeof label === "string" ? { name: label } : { text: undefined, images: undefined, ...label };
    if (text !== undefined || images !== undefined) return text;
    return prompts({ name }, [template ?? DEFAULT_TEMPLATE], { articles: false })[0] ?? name;
  });

/** One label as it was encoded: by at least one of the two. */
export interface Told {
  name: string;
  /** unit vector [D] */
  text: Float32Array | undefined;
  /** unit vectors [D] */
  pictures: readonly Float32Array[];
}

/**
 * Labels of one kind (all by text, all by pictures, all by both) are compared as they are. Where kinds meet, or labels are
 * weighed against texts, prototypes are bridged to where texts lie: see core/fewshot/bridge.
 * @param rivals whether labels are weighed against a background of texts as well, or scored as texts are
 * @throws Problem `invalid_request` when kinds meet and there is no vocabulary to bridge by
 */
export function labelsClassifier(labels: readonly Told[], rivals: boolean, deployment: Deployment): Classifier {
  const width = deployment.manifest.embed_dim;
  const kinds = new Set(labels.map(({ text, pictures }) => `${text !== undefined} ${pictures.length > 0}`));
  const pictured = labels.some(({ pictures }) => pictures.length > 0);
  const carry = pictured && (rivals || kinds.size > 1) ? bridge(deployment) : prototype;
  const vectors = new Float32Array(labels.length * width);
  for (const [row, { text, pictures }] of labels.entries()) {
    const visual = pictures.length > 0 ? carry(pictures) : undefined;
    const vector = visual && text ? mixed(visual, text, pictures.length) : (visual ?? text);
    if (vector) vectors.set(vector, row * width);
  }
  return { names: labels.map(({ name }) => name), vectors };
}

/** @returns the prototype of pictures, carried over by the background vocabulary, or by all banks where there is none */
function bridge(deployment: Deployment): (pictures: readonly Float32Array[]) => Float32Array {
  const memory = backgroundOf(undefined, deployment)?.vectors ?? joined([...deployment.banks.values()]);
  if (memory.length === 0) {
    const message =
      "with pictures cannot be compared with texts: this deployment has no label bank to compare the two by";
    throw new Problem("invalid_request", `labels ${message}.`, { errors: [{ pointer: "/labels", message }] });
  }
  return (pictures) => bridged(prototype(pictures), memory, deployment.manifest.logit_scale);
}

/** @returns the labels' vectors of all banks, fp32 [M, D] */
function joined(banks: readonly Bank[]): Float32Array {
  const all = banks.map(({ vectors }) => vectors);
  return filled(new Float32Array(all.reduce((sum, { length }) => sum + length, 0)), all);
}

/** How an answer names the bank that it used. */
export const usedBank = (bank: Bank | undefined) =>
  bank ? { id: bank.id, hash: bank.hash, calibrated: bank.calibrated } : null;
