// The user's data in whichever form it lies there.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { readFolder } from "./folder.ts";
import { readManifestFile } from "./manifest.ts";
import type { Sample } from "./sample.ts";
import { readWebdataset } from "./webdataset.ts";

/** @param path a folder of class folders, a tar or a folder of them, or an NDJSON manifest */
export async function readDataset(path: string): Promise<Sample[]> {
  const found = await stat(path).catch((cause) => {
    throw new Error(`${path} is not there`, { cause });
  });
  if (found.isDirectory()) {
    const shards = (await readdir(path)).filter((name) => name.endsWith(".tar")).sort();
    return shards.length > 0 ? readWebdataset(shards.map((name) => join(path, name))) : readFolder(path);
  }
  if (/\.tar$/i.test(path)) return readWebdataset([path]);
  if (/\.(?:ndjson|jsonl)$/i.test(path)) return readManifestFile(path);
  throw new Error(`${path} is no folder, no .tar and no .ndjson or .jsonl`);
}

/** Evenly spread over the data, so that no class is left out by where it stands. */
export function limited<T>(samples: readonly T[], limit: number): T[] {
  if (samples.length <= limit) return [...samples];
  return Array.from({ length: limit }, (_, at) => samples[Math.floor((at * samples.length) / limit)]).filter(
    (sample) => sample !== undefined,
  );
}
