// The identity of a label bank: what it calls things and where they lie.
import { sha256 } from "../hash.ts";
import type { BankFile } from "./bank.ts";

type Source = Pick<
  BankFile,
  "id" | "title" | "description" | "space" | "templates" | "labels" | "background" | "adapted"
>;

/**
 * SHA-256 of the labels' canonical JSON, a line feed, and the vectors.
 * @param vectors fp32 [L + negatives + adapted, D] as bytes, little-endian
 */
export function bankHash(bank: Source, vectors: Uint8Array): Promise<string> {
  const labels = bank.labels.map(({ name, parents, prompts, negatives, threshold, images }) => ({
    name,
    parents,
    prompts,
    negatives,
    threshold,
    images,
  }));
  const { id, title, description, space, templates, background, adapted } = bank;
  const head = new TextEncoder().encode(
    `${JSON.stringify({ id, title, description, space, templates, background, labels, adapted })}\n`,
  );
  const bytes = new Uint8Array(head.length + vectors.length);
  bytes.set(head);
  bytes.set(vectors, head.length);
  return sha256(bytes);
}
