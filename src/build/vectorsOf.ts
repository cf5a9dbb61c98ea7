// Vectors of a pack's tower, and how far those of another pack are from them.
import { compareVectors, type Drift, type Input } from "./drift.ts";
import { openTower, type TowerName } from "./ort.ts";

export const driftOf = async (
  tower: TowerName,
  fp32Dir: string,
  outDir: string,
  inputs: readonly Input[],
): Promise<Drift> => compareVectors(await vectorsOf(tower, fp32Dir, inputs), await vectorsOf(tower, outDir, inputs));

/** One tower is open at a time. */
export async function vectorsOf(name: TowerName, packDir: string, inputs: readonly Input[]): Promise<Float32Array[]> {
  const tower = await openTower(packDir, name);
  const vectors: Float32Array[] = [];
  for (const { data, dims } of inputs) vectors.push(await tower.run(data, dims));
  await tower.release();
  return vectors;
}
