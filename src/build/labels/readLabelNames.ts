// The names in all label files of a folder, without repeats.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseSource } from "./parseSource.ts";

export async function readLabelNames(dir: string): Promise<string[]> {
  const files = (await readdir(dir)).filter((name) => name.endsWith(".yaml")).sort();
  const sources = await Promise.all(
    files.map(async (name) => parseSource(join(dir, name), await readFile(join(dir, name), "utf8"))),
  );
  return [...new Set(sources.flatMap(({ labels }) => labels.map(({ name }) => name)))];
}
