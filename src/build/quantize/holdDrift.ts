// What brings a tower back into the drift budget: outliers moved into the weights, then the most sensitive layers in fp32.
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { TensorSource } from "../checkpoint/tensorSource.ts";
import { fp32 } from "../compile/fp32.ts";
import type { Precision } from "../compile/precision.ts";
import { compareVectors, type Drift, type Input, withinBudget } from "../drift.ts";
import { openTower, type TowerName } from "../ort.ts";
import { writeTower } from "../writeTowers.ts";
import { migrateOutliers } from "./migrateOutliers.ts";
import { type ObservedLayer, observeLayers } from "./observeLayers.ts";

/** Of a tower's weights in layers, at most this share stays in fp32: an int8 pack grows by three tenths. */
const FLOAT_SHARE = 0.1;
/** Inputs that the layers are ranked on; the result is measured on all of them. */
const RANKED_ON = 8;

export interface HoldOptions {
  inputs: readonly Input[];
  /** The number format, with these layers in fp32. */
  make: (float: ReadonlySet<string>) => Precision;
  workDir: string;
  log: (line: string) => void;
}

export interface Held {
  tensors: TensorSource;
  migrated: boolean;
  /** The most sensitive first. */
  float: string[];
  drift: Drift;
}

export async function holdDrift(checkpoint: Checkpoint, tower: TowerName, options: HoldOptions): Promise<Held> {
  const { inputs, make, workDir, log } = options;
  const vectors = async (tensors: TensorSource, precision: Precision, some: readonly Input[]) => {
    await writeTower(workDir, tower, { ...checkpoint, tensors }, precision, Number.POSITIVE_INFINITY);
    const session = await openTower(workDir, tower);
    const made: Float32Array[] = [];
    for (const { data, dims } of some) made.push(await session.run(data, dims));
    await session.release();
    return made;
  };
  const exact = await vectors(checkpoint.tensors, fp32(), inputs);
  const measure = async (tensors: TensorSource, float: readonly string[], some = inputs) =>
    compareVectors(exact.slice(0, some.length), await vectors(tensors, make(new Set(float)), some));

  const layers = await observeLayers(checkpoint, tower, inputs, workDir);
  const moved = migrateOutliers(checkpoint.tensors, layers);
  const [plain, smooth] = [await measure(checkpoint.tensors, []), await measure(moved, [])];
  const migrated = smooth.cosine_mean > plain.cosine_mean;
  const held: Held = { tensors: migrated ? moved : checkpoint.tensors, migrated, float: [], drift: plain };
  if (migrated) held.drift = smooth;
  log(`${tower}: plain ${told(plain)}; outliers moved behind the layer norms ${told(smooth)}`);
  if (withinBudget(held.drift)) return held;

  const few = inputs.slice(0, RANKED_ON);
  const base = await measure(held.tensors, [], few);
  const ranked = await mostSensitive(layers, base, (name) => measure(held.tensors, [name], few));
  for (const name of ranked) {
    held.float.push(name);
    held.drift = await measure(held.tensors, held.float);
    log(`${tower}: ${name} in fp32: ${told(held.drift)}`);
    if (withinBudget(held.drift)) break;
  }
  return held;
}

/**
 * @param without the drift with one layer left in fp32
 * @returns the layers that gain the most for their size, as many as may stay in fp32
 */
export async function mostSensitive(
  layers: ReadonlyMap<string, ObservedLayer>,
  base: Drift,
  without: (name: string) => Promise<Drift>,
): Promise<string[]> {
  const ranked: { name: string; parameters: number; gain: number }[] = [];
  for (const [name, { parameters }] of layers)
    ranked.push({ name, parameters, gain: ((await without(name)).cosine_mean - base.cosine_mean) / parameters });
  let left = FLOAT_SHARE * ranked.reduce((sum, { parameters }) => sum + parameters, 0);
  const chosen = ranked
    .filter(({ gain }) => gain > 0)
    .sort((a, b) => b.gain - a.gain)
    .filter(({ parameters }) => {
      if (parameters > left) return false;
      left -= parameters;
      return true;
    });
  return chosen.map(({ name }) => name);
}

const told = ({ cosine_mean, cosine_worst }: Drift) => `mean ${cosine_mean}, worst ${cosine_worst}`;
