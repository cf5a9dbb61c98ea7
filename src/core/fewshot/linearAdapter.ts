// A linear adapter: class vectors moved from where their texts lie towards frozen pictures, and held back by a pull.
import { normalize } from "../score/normalize.ts";
import { sigmoid } from "../score/platt.ts";
import { softmax } from "../score/softmax.ts";
import { ADAPTER_LOSSES, type AdapterLoss } from "./adapterLoss.ts";
import type { Method } from "./crossValidate.ts";
import { randomFrom, shuffled } from "./random.ts";
import { bestOf, byLabel, type Shots } from "./shots.ts";

const STEPS = 60;
const BATCH = 96;
/** Of Adam, at the start; a unit vector's numbers are of the size 1 / sqrt(D). */
const RATE = 0.3;
/** Labels without pictures that take part as negatives: those that zero-shot takes the pictures for. */
const RIVALS = 32;

export interface ZeroShot {
  /** The bank's label vectors, unit rows [L, D]. */
  texts: Float64Array;
  /** The logit scale as multiplied. */
  scale: number;
}

export interface LinearSetting {
  loss: AdapterLoss;
  /** Weight of the squared distance of a class vector from its text, in units of the logit scale, as slopes of logits are. */
  pull: number;
}

/** With nano the best for 4 to 16 pictures a label were between 1.5 and 0.15, by the source of the pictures; where texts say nothing, below. */
const PULLS = [5, 1.5, 0.5, 0.15, 0.05, 0.015, 0.005];

export interface LinearAdapter {
  /** Labels that have pictures, as rows of the bank. */
  rows: number[];
  /** Their class vectors, unit rows [C, D]. */
  vectors: Float64Array;
}

/**
 * Minimises  loss(W) + s pull / C sum_c |w_c - t_c|^2  over unit class vectors, from w_c = t_c, by Adam.
 *
 * A residual on frozen vectors: Gao et al.: CLIP-Adapter, 2021 (arXiv 2110.04544); class weights that start at the texts and
 * are held to them: Silva-Rodriguez et al.: A Closer Look at the Few-Shot Adaptation of Large Vision-Language Models
 * (CLAP), 2024 (2312.12730), with one multiplier for all classes. Labels without pictures keep their vectors.
 */
export function fitLinear({ texts, scale }: ZeroShot, shots: Shots, { loss, pull }: LinearSetting): LinearAdapter {
  const { width } = shots;
  const rows = [...byLabel(shots.labels).keys()].sort((a, b) => a - b);
  const place = new Map(rows.map((row, at) => [row, at]));
  const others = rivalsOf(shots, scale, place);
  const classes = new Float64Array((rows.length + others.length) * width);
  for (const [at, row] of [...rows, ...others].entries())
    classes.set(texts.subarray(row * width, (row + 1) * width), at * width);
  const start = classes.slice(0, rows.length * width);
  const slopeOf = ADAPTER_LOSSES[loss];
  const bias = evenBias(shots.cosines, scale, texts.length / width);

  const moments = { first: new Float64Array(start.length), second: new Float64Array(start.length) };
  const batches = batchesOf(shots);
  for (let step = 0; step < STEPS; step++) {
    const batch = batches();
    const labels = batch.map((at) => place.get(shots.labels[at] ?? -1) ?? -1);
    const pictures = new Float64Array(batch.length * width);
    for (const [to, at] of batch.entries())
      pictures.set(shots.vectors.subarray(at * width, (at + 1) * width), to * width);
    const slope = slopeOf({ width, classes, trained: rows.length, pictures, labels, scale, bias });
    const rate = (RATE / Math.sqrt(width)) * 0.5 * (1 + Math.cos((Math.PI * step) / STEPS));
    for (const [at, origin] of start.entries()) {
      const value = classes[at] ?? 0;
      const total = (slope[at] ?? 0) + (2 * scale * pull * (value - origin)) / rows.length;
      classes[at] = value - rate * adam(moments, at, total, step + 1);
    }
    for (let at = 0; at < start.length; at += width) classes.set(normalize(classes.subarray(at, at + width)), at);
  }
  return { rows, vectors: classes.slice(0, start.length) };
}

/** @returns the label of each picture as a row of the bank */
export function linearPredictions({ rows, vectors }: LinearAdapter, shots: Shots): number[] {
  const { width } = shots;
  const count = shots.cosines.length / shots.labels.length;
  const logits = shots.cosines.slice();
  for (let picture = 0; picture < shots.labels.length; picture++) {
    for (const [at, row] of rows.entries()) {
      let dot = 0;
      for (let i = 0; i < width; i++) dot += (shots.vectors[picture * width + i] ?? 0) * (vectors[at * width + i] ?? 0);
      logits[picture * count + row] = dot;
    }
  }
  return bestOf(logits, count);
}

export const linearMethod = (zeroShot: ZeroShot, loss: AdapterLoss): Method<LinearSetting, LinearAdapter> => ({
  settings: PULLS.map((pull) => ({ loss, pull })),
  fit: (shots, setting) => fitLinear(zeroShot, shots, setting),
  predict: linearPredictions,
});

/** Kingma, Ba: Adam, 2014 (arXiv 1412.6980). @returns the direction of one number */
function adam(
  { first, second }: { first: Float64Array; second: Float64Array },
  at: number,
  slope: number,
  step: number,
): number {
  const mean = 0.9 * (first[at] ?? 0) + 0.1 * slope;
  const square = 0.99 * (second[at] ?? 0) + 0.01 * slope * slope;
  first[at] = mean;
  second[at] = square;
  return mean / (1 - 0.9 ** step) / (Math.sqrt(square / (1 - 0.99 ** step)) + 1e-12);
}

/** Labels that have no pictures and that zero-shot gives most certainty to. */
function rivalsOf({ cosines, labels }: Shots, scale: number, known: ReadonlyMap<number, number>): number[] {
  const count = cosines.length / labels.length;
  const mass = new Float64Array(count);
  for (let picture = 0; picture < labels.length; picture++)
    for (const [row, share] of softmax(cosines.subarray(picture * count, (picture + 1) * count), scale, 0).entries())
      mass[row] = (mass[row] ?? 0) + share;
  return [...mass.keys()]
    .filter((row) => !known.has(row))
    .sort((a, b) => (mass[b] ?? 0) - (mass[a] ?? 0))
    .slice(0, RIVALS);
}

/** @returns b with which the mean of sigmoid(s cos + b) is one label of `count`, by bisection */
function evenBias(cosines: Float64Array, scale: number, count: number): number {
  let [low, high] = [-2 * scale - 20, 2 * scale + 20];
  for (let step = 0; step < 50; step++) {
    const bias = (low + high) / 2;
    const mean = cosines.reduce((sum, cosine) => sum + sigmoid(scale * cosine + bias), 0) / cosines.length;
    if (mean > 1 / count) high = bias;
    else low = bias;
  }
  return (low + high) / 2;
}

/** Batches in which every label takes its turn, whatever it has of pictures. */
function batchesOf({ labels }: Shots): () => number[] {
  const random = randomFrom(1);
  const groups = [...byLabel(labels).values()];
  const most = Math.max(1, Math.floor(BATCH / groups.length));
  const queues = groups.map(() => [] as number[]);
  return () =>
    groups.flatMap((group, at) => {
      const queue = queues[at] ?? [];
      const taken: number[] = [];
      while (taken.length < Math.min(most, group.length)) {
        if (queue.length === 0) queue.push(...shuffled(group, random));
        const next = queue.pop();
        if (next !== undefined) taken.push(next);
      }
      return taken;
    });
}
