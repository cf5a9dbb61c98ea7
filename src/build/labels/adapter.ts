// `<bank>.adapter.json` beside the labels: what one bank learned from labelled pictures in one space, and what it is worth.
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { AdaptedSchema } from "../../core/labels/adapted.ts";
import type { BankFile } from "../../core/labels/bank.ts";
import { bankHash } from "../../core/labels/bankHash.ts";

const AdapterFileSchema = v.object({
  /** Hash of the label file and space of the model that it was fitted on; with any other it is not applied. */
  labels: v.string(),
  space: v.string(),
  adapted: AdaptedSchema,
  /** fp32 [n, D], little-endian, in base64. */
  vectors: v.pipe(v.string(), v.base64()),
});
export type AdapterFile = v.InferOutput<typeof AdapterFileSchema>;

/** @returns undefined when there is none. @throws Error naming the file and field */
export async function readAdapter(path: string): Promise<AdapterFile | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), AdapterFileSchema), text);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${path}: ${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
}

interface Made {
  file: BankFile;
  vectors: Uint8Array<ArrayBuffer>;
}

/**
 * @param labels hash of the label file
 * @returns the bank with what it learned behind its vectors, where that is for these labels in this space
 */
export async function withAdapter(
  made: Made,
  labels: string,
  adapter: AdapterFile | undefined,
  log: (line: string) => void,
): Promise<Made> {
  if (!adapter) return made;
  const learned = Buffer.from(adapter.vectors, "base64");
  const fits = learned.byteLength === adapter.adapted.rows.length * made.file.embed_dim * 4;
  if (adapter.space !== made.file.space || adapter.labels !== labels || !fits) {
    log("its adapter was fitted on other labels or another model, and is not applied");
    return made;
  }
  const vectors = new Uint8Array(made.vectors.length + learned.length);
  vectors.set(made.vectors);
  vectors.set(learned, made.vectors.length);
  const file: BankFile = { ...made.file, adapted: adapter.adapted };
  return { file: { ...file, hash: await bankHash(file, vectors) }, vectors };
}
