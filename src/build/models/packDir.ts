// Where a pack lies: under the name that it was built with, or at the folder that was named.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isPackId } from "./packId.ts";

export const EDGE_PACKS = "models";
export const GPU_PACKS = ".edgeclip/fp32";
export const CHECKPOINTS = ".edgeclip/checkpoints";

/** @param id a name, or a folder with a pack in it */
export function packDirs(id: string): string[] {
  const dirs = isPackId(id) ? [join(EDGE_PACKS, id), join(GPU_PACKS, id)] : [id];
  return dirs.filter((dir) => existsSync(join(dir, "pack.json")));
}
