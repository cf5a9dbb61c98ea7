// Where a pack lies: under the name that it was built with, or at the folder that was named.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isPackId } from "./packId.ts";

const EDGE_PACKS = "models";
/** Half the memory first. */
const GPU_PACKS = [".edgeclip/fp16", ".edgeclip/fp32"] as const;
export const CHECKPOINTS = ".edgeclip/checkpoints";

/** @param id a name, or a folder with a pack in it */
export function packDirs(id: string): string[] {
  return folders([EDGE_PACKS, ...GPU_PACKS], id);
}

/** Those for a GPU. */
export const gpuPackDirs = (id: string): string[] => folders(GPU_PACKS, id);

function folders(parents: readonly string[], id: string): string[] {
  const dirs = isPackId(id) ? parents.map((parent) => join(parent, id)) : [id];
  return dirs.filter((dir) => existsSync(join(dir, "pack.json")));
}
