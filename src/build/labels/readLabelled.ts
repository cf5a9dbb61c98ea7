// Labelled pictures of a folder, `<folder>/<label>/<picture>`, as vectors.
import { join } from "node:path";
import type { Bank } from "../../core/labels/bank.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { readPictures } from "../calibrate.ts";
import { labelledFolders } from "../labelledFolders.ts";
import { openTower } from "../ort.ts";

export interface Labelled {
  /** unit vector [D] */
  vector: Float32Array;
  /** Of its label in the bank. */
  row: number;
}

/** @throws Error naming a folder that is called after no label, or a picture that cannot be read */
export async function readLabelled(
  packDir: string,
  picturesDir: string,
  { id, labels }: Pick<Bank, "id" | "labels">,
  { image }: Pick<Manifest, "image">,
): Promise<Labelled[]> {
  const folders = labelledFolders(picturesDir).map((name) => {
    const row = labels.findIndex((label) => label.name.toLowerCase() === name.toLowerCase());
    if (row < 0) throw new Error(`${join(picturesDir, name)}: the bank ${id} has no such label`);
    return { name, row };
  });
  const { size } = image;
  const vision = await openTower(packDir, "vision");
  const labelled: Labelled[] = [];
  for (const { name, row } of folders) {
    for (const pixels of await readPictures(join(picturesDir, name), image))
      labelled.push({ vector: (await vision.run(pixels, [1, size, size, 3])).slice(), row });
  }
  await vision.release();
  return labelled;
}
