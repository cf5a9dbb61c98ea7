// The zero-shot classifier that a request asks for: a bank's vectors, or those of its own labels.
import { prompts } from "../../core/labels/prompts.ts";
import { Problem } from "../../core/problem.ts";
import type { ClassifyOptions } from "./classifyOptions.ts";
import type { Deployment } from "./deployment.ts";
import type { TextVectors } from "./textVectors.ts";

/** For free labels without a template of their own; CLIP's first and most used prompt. */
const DEFAULT_TEMPLATE = "a photo of a {}.";

export interface Warning {
  code: "text_truncated" | "animation_first_frame";
  message: string;
  pointer?: string;
}

export interface Classifier {
  names: string[];
  /** fp32 [L, D], unit rows */
  vectors: Float32Array;
  bank: { id: string; hash: string; calibrated: boolean } | null;
  warnings: Warning[];
}

/** @throws Problem `bank_not_found`, `text_unavailable` */
export async function classifierOf(
  options: ClassifyOptions,
  deployment: Deployment,
  text: Fetcher | undefined,
  cache: TextVectors,
): Promise<Classifier> {
  if (options.bank !== undefined) {
    const bank = deployment.banks.get(options.bank);
    if (!bank) {
      const known = [...deployment.banks.keys()].join(", ");
      throw new Problem(
        "bank_not_found",
        `There is no bank ${JSON.stringify(options.bank)}; there are: ${known || "none"}.`,
      );
    }
    const { id, hash, calibrated, labels, vectors } = bank;
    return { names: labels.map(({ name }) => name), vectors, bank: { id, hash, calibrated }, warnings: [] };
  }
  const labels = (options.labels ?? []).map((label) => (typeof label === "string" ? { name: label } : label));
  const template = options.template ?? DEFAULT_TEMPLATE;
  const texts = labels.map(({ name, ...own }) =>
    "text" in own && own.text ? own.text : (prompts({ name }, [template], { articles: false })[0] ?? name),
  );
  const encoded = await cache.encode(text, deployment, texts);
  const width = deployment.manifest.embed_dim;
  const vectors = new Float32Array(labels.length * width);
  const warnings: Warning[] = [];
  for (const [row, { vector, truncated }] of encoded.entries()) {
    vectors.set(vector, row * width);
    if (truncated) {
      const message = `The text of this label does not fit ${deployment.manifest.text.context} tokens; its end was cut.`;
      warnings.push({ code: "text_truncated", message, pointer: `/labels/${row}` });
    }
  }
  return { names: labels.map(({ name }) => name), vectors, bank: null, warnings };
}
