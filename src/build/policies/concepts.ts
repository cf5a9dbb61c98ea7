// The concepts of a policy as a label source, category after category, so that they are embedded as any labels are.
import { sha256 } from "../../core/hash.ts";
import type { Source } from "../labels/schema.ts";
import type { ParsedPolicy } from "./parsePolicy.ts";

/** A category's hard negatives hang on its first concept; they count for the category as a whole. */
export function conceptsOf(id: string, { background, templates, categories }: ParsedPolicy): Source {
  const labels = categories.flatMap(({ concepts, negatives, kin }): Source["labels"] =>
    concepts.map((concept, at) => ({
      ...(typeof concept === "string" ? { name: concept } : concept),
      parents: kin,
      ...(negatives && at === 0 && { negatives }),
    })),
  );
  return { title: id, description: "", background, templates, articles: true, labels };
}

/**
 * What a calibration was fitted on: the concepts and the names that they are weighed against. Thresholds and descriptions
 * may change without it.
 * @param background names of the background's labels
 */
export const conceptsHash = (source: Source, background: readonly string[]): Promise<string> =>
  sha256(new TextEncoder().encode(JSON.stringify([source.templates, source.labels, source.background, background])));
