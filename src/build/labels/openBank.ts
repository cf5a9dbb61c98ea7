// A bank of a pack from its files.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bank, readBank } from "../../core/labels/bank.ts";
import type { Manifest } from "../../core/pack/manifest.ts";

/** @throws Error when there is none, Problem when it is of another space or damaged */
export async function openBank(packDir: string, id: string, { space }: Pick<Manifest, "space">): Promise<Bank> {
  const path = join(packDir, "banks", id);
  const document: unknown = JSON.parse(await readFile(`${path}.json`, "utf8"));
  return readBank(document, new Uint8Array(await readFile(`${path}.bin`)).buffer, space);
}

/** Hashes of a bank's example pictures, in order. */
export const imagesOf = ({ labels }: Pick<Bank, "labels">): string[] => labels.flatMap(({ images = [] }) => images);
