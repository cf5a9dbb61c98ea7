// The example pictures that a label file names: files of its own folder or below.
import { readFile, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { sha256 } from "../../core/hash.ts";
import type { Source } from "./schema.ts";

export interface LabelImage {
  path: string;
  bytes: Uint8Array<ArrayBuffer>;
  hash: string;
}

/** Whether a path leads out of the folder that it starts from. */
const leaves = (path: string): boolean => isAbsolute(path) || path === ".." || path.startsWith(`..${sep}`);

/**
 * @param file path of the label file
 * @returns the pictures of each label that has any, by its row
 * @throws Error `<file>: labels.<row>.images.<n>: <what>`
 */
export async function readImages(file: string, { labels }: Source): Promise<Map<number, LabelImage[]>> {
  const folder = await realpath(dirname(file));
  const read = async (name: string, place: string): Promise<LabelImage> => {
    const fail = (what: string, cause?: unknown) =>
      new Error(`${file}: ${place}: ${JSON.stringify(name)} ${what}`, { cause });
    const path = join(folder, name);
    if (isAbsolute(name) || leaves(relative(folder, path))) throw fail("leads out of the folder of this file");
    // A link may lead out as well.
    const real = await realpath(path).catch((cause) => {
      throw fail("is not there", cause);
    });
    if (leaves(relative(folder, real))) throw fail("leads out of the folder of this file");
    const bytes = await readFile(real).catch((cause) => {
      throw fail("cannot be read", cause);
    });
    const own = new Uint8Array(bytes);
    return { path, bytes: own, hash: await sha256(own) };
  };
  const images = new Map<number, LabelImage[]>();
  for (const [row, { images: names }] of labels.entries()) {
    if (!names) continue;
    images.set(row, await Promise.all(names.map((name, at) => read(name, `labels.${row}.images.${at}`))));
  }
  return images;
}
