// Tip-Adapter: a cache of labelled pictures that speaks up beside zero-shot; nothing is trained.
import { dots } from "../loss/rows.ts";
import type { Method } from "./crossValidate.ts";
import { bestOf, byLabel, pick, type Shots } from "./shots.ts";

export interface TipSetting {
  /** How loud the cache is. */
  alpha: number;
  /** How near a cached picture must be. */
  beta: number;
}

const ALPHAS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];
const BETAS = [20, 10, 5.5, 3, 1];

export interface TipCache extends TipSetting {
  /** Label of each cached picture, as a row of the bank. */
  rows: readonly number[];
}

/**
 * logit(l) = s cos(x, t_l) + alpha sum_{i of l} exp(-beta (1 - x.f_i)),  f_i the cached pictures
 *
 * Zhang et al.: Tip-Adapter: Training-free Adaption of CLIP for Few-shot Classification, 2022 (arXiv 2207.09519).
 * It is no linear function of x, so that it cannot be folded into the class vectors: the cache itself is shipped.
 * @param logits s cos(x, t), [L]; added to
 * @param affinities x.f, [n]
 */
export function addCache(logits: Float64Array, affinities: ArrayLike<number>, { rows, alpha, beta }: TipCache): void {
  for (const [at, row] of rows.entries())
    logits[row] = (logits[row] ?? 0) + alpha * Math.exp(-beta * (1 - (affinities[at] ?? 0)));
}

/** A cache that is shipped has at most so many pictures: with 512 numbers a vector, 1 MiB. */
const MOST_CACHED = 512;

/** @returns pictures of each label in turn until the cache is full */
function cacheOf(shots: Shots): Shots {
  const groups = [...byLabel(shots.labels).values()];
  const longest = Math.max(...groups.map(({ length }) => length));
  const turns = Array.from({ length: longest }, (_, turn) => groups.flatMap((group) => group[turn] ?? []));
  return pick(shots, turns.flat().slice(0, MOST_CACHED));
}

export interface TipAdapter extends TipSetting {
  cached: Shots;
}

export const tipMethod = (scale: number): Method<TipSetting, TipAdapter> => ({
  settings: ALPHAS.flatMap((alpha) => BETAS.map((beta) => ({ alpha, beta }))),
  fit: (shots, setting) => ({ ...setting, cached: cacheOf(shots) }),
  predict: ({ cached, ...setting }, shots) => tipPredictions(cached, setting, shots, scale),
});

/** @returns the label of each picture as a row of the bank, with `cached` as the cache */
function tipPredictions(cached: Shots, setting: TipSetting, shots: Shots, scale: number): number[] {
  const affinities = dots(shots.vectors, cached.vectors, shots.width);
  const [count, keys] = [shots.cosines.length / shots.labels.length, cached.labels.length];
  const logits = shots.cosines.map((cosine) => scale * cosine);
  for (let picture = 0; picture < shots.labels.length; picture++) {
    const own = logits.subarray(picture * count, (picture + 1) * count);
    addCache(own, affinities.subarray(picture * keys, (picture + 1) * keys), { ...setting, rows: cached.labels });
  }
  return bestOf(logits, count);
}
