// Both towers of an import in one number format, cut for the edge where it is one of the edge's.
import { isInteger } from "../../core/pack/manifest.ts";
import type { Precision } from "../compile/precision.ts";
import { EDGE_SHARD_BYTES } from "../onnx/shards.ts";
import type { TowerName } from "../ort.ts";
import { clearPack } from "../writePack.ts";
import type { ImportJob } from "./importJob.ts";
import { writeImported } from "./writeImported.ts";

/** @returns the towers' files */
export async function writeBoth(
  { source, image, options }: ImportJob,
  dir: string,
  precision: (tower: TowerName) => Precision,
  quantization = options.quantization,
): Promise<string[]> {
  await clearPack(dir);
  const shardLimit = isInteger(quantization) ? EDGE_SHARD_BYTES : Number.POSITIVE_INFINITY;
  const names: string[] = [];
  for (const tower of ["vision", "text"] as const)
    names.push(...(await writeImported(dir, tower, source[tower], image, precision(tower), shardLimit)));
  return names;
}
