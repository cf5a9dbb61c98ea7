// What brings a tower back into the drift budget: outliers moved into the weights, then the most sensitive layers in a finer format.
import { fp32 } from "../compile/fp32.ts";
import type { Precision } from "../compile/precision.ts";
import { compareVectors, type Drift, type Input, withinBudget } from "../drift.ts";
import { vectorsOf } from "../vectorsOf.ts";
import type { Adjustable } from "./adjustable.ts";
import { type ObservedLayer, observeLayers } from "./observeLayers.ts";

/** Of a tower's weights in layers, at most this share is kept in fp32 (int8 packs) or int8 (int4): either grows by about three tenths. */
export const FINER_SHARE = { int8: 0.1, int4: 0.4 };
/** Inputs that the layers are ranked on; the result is measured on all of them. */
const RANKED_ON = 8;

export interface HoldOptions {
  inputs: readonly Input[];
  /** The number format, with these layers in a finer one. */
  make: (finer: ReadonlySet<string>) => Precision;
  /** At most this share of the weights goes to the finer one. */
  share: number;
  workDir: string;
  log: (line: string) => void;
}

export interface Held<S> {
  source: S;
  migrated: boolean;
  /** The most sensitive first. */
  finer: string[];
  drift: Drift;
}

export async function holdDrift<S>(adjustable: Adjustable<S>, options: HoldOptions): Promise<Held<S>> {
  const { tower, source } = adjustable;
  const { inputs, make, share, workDir, log } = options;
  const vectors = async (own: S, precision: Precision, some: readonly Input[]) => {
    await adjustable.write(workDir, own, precision);
    return vectorsOf(tower, workDir, some);
  };
  const exact = await vectors(source, fp32(), inputs);
  const measure = async (own: S, finer: readonly string[], some = inputs) =>
    compareVectors(exact.slice(0, some.length), await vectors(own, make(new Set(finer)), some));

  const write = (precision: Precision) => adjustable.write(workDir, source, precision);
  const layers = await observeLayers(tower, write, inputs, workDir);
  const moved = adjustable.migrated(source, layers);
  const [plain, smooth] = [await measure(source, []), await measure(moved, [])];
  const migrated = smooth.cosine_mean > plain.cosine_mean;
  const held: Held<S> = { source: migrated ? moved : source, migrated, finer: [], drift: plain };
  if (migrated) held.drift = smooth;
  log(`${tower}: plain ${told(plain)}; outliers moved into the weights ${told(smooth)}`);
  if (withinBudget(held.drift)) return held;

  const few = inputs.slice(0, RANKED_ON);
  const base = await measure(held.source, [], few);
  const ranked = await mostSensitive(layers, share, base, (name) => measure(held.source, [name], few));
  for (const name of ranked) {
    held.finer.push(name);
    held.drift = await measure(held.source, held.finer);
    log(`${tower}: ${name} finer: ${told(held.drift)}`);
    if (withinBudget(held.drift)) break;
  }
  return held;
}

/**
 * @param share of the weights that the chosen may have
 * @param without the drift with one layer finer
 * @returns the layers that gain the most for their size
 */
export async function mostSensitive(
  layers: ReadonlyMap<string, ObservedLayer>,
  share: number,
  base: Drift,
  without: (name: string) => Promise<Drift>,
): Promise<string[]> {
  const ranked: { name: string; parameters: number; gain: number }[] = [];
  for (const [name, { parameters }] of layers)
    ranked.push({ name, parameters, gain: ((await without(name)).cosine_mean - base.cosine_mean) / parameters });
  let left = share * ranked.reduce((sum, { parameters }) => sum + parameters, 0);
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
