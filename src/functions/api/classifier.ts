// The zero-shot classifier that a request asks for: a bank's vectors, or those of its own labels.
import { prompts } from "../../core/labels/prompts.ts";
import { Problem } from "../../core/problem.ts";
import type { Deployment } from "./deployment.ts";
import type { Isolate } from "./isolate.ts";
import type { LabelSource } from "./labelSource.ts";
import { truncationWarnings, type Warning } from "./warnings.ts";

/** For free labels without a template of their own; CLIP's first and most used prompt. */
const DEFAULT_TEMPLATE = "a photo of a {}.";

export interface Classifier {
  names: string[];
  /** fp32 [L, D], unit rows */
  vectors: Float32Array;
  bank: { id: string; hash: string; calibrated: boolean } | null;
  warnings: Warning[];
}

/** @throws Problem `bank_not_found` */
export function bankClassifier(id: string, { banks }: Deployment): Classifier {
  const bank = banks.get(id);
  if (!bank) {
    const known = [...banks.keys()].join(", ");
    throw new Problem("bank_not_found", `There is no bank ${JSON.stringify(id)}; there are: ${known || "none"}.`);
  }
  const { hash, calibrated, labels, vectors } = bank;
  return { names: labels.map(({ name }) => name), vectors, bank: { id, hash, calibrated }, warnings: [] };
}

/** @throws Problem `text_unavailable` */
export async function labelsClassifier(
  given: NonNullable<LabelSource["labels"]>,
  template: string | undefined,
  { deployment, texts: cache }: Isolate,
  worker: Fetcher | undefined,
): Promise<Classifier> {
  const labels = given.map((label) => (typeof label === "string" ? { name: label } : label));
  const texts = labels.map(({ name, ...own }) => {
    if ("text" in own && own.text) return own.text;
    return prompts({ name }, [template ?? DEFAULT_TEMPLATE], { articles: false })[0] ?? name;
  });
  const deployed = deployment();
  const encoded = await cache.encode(worker, deployed, texts);
  const width = deployed.manifest.embed_dim;
  const vectors = new Float32Array(labels.length * width);
  for (const [row, { vector }] of encoded.entries()) vectors.set(vector, row * width);
  return {
    names: labels.map(({ name }) => name),
    vectors,
    bank: null,
    warnings: truncationWarnings(encoded, deployed.manifest, "/labels"),
  };
}
