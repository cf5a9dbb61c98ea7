// The losses that a linear adapter may be trained with: their slope by the class vectors, on a batch of frozen pictures.
import { infoNce } from "../loss/infoNce.ts";
import { multiPositive } from "../loss/multiPositive.ts";
import { pairwiseSigmoid } from "../loss/pairwiseSigmoid.ts";
import { supCon } from "../loss/supCon.ts";
import { triplet } from "../loss/triplet.ts";

/** Of squared distances between unit vectors; FaceNet's. */
const MARGIN = 0.2;

interface Batch {
  width: number;
  /** The class vectors that are trained [C, D], and behind them those of labels that have no pictures [R, D]. */
  classes: Float64Array;
  /** C */
  trained: number;
  /** unit vectors [B, D] */
  pictures: Float64Array;
  /** Row of each picture's class, [B]. */
  labels: readonly number[];
  /** What cosines are multiplied by. */
  scale: number;
  /** With it the sigmoids of zero-shot expect one label a picture. */
  bias: number;
}

/** [B, C + R], 1 where the picture is of the class */
function oneHot({ labels, classes, width }: Batch): Float64Array {
  const columns = classes.length / width;
  const target = new Float64Array(labels.length * columns);
  for (const [row, label] of labels.entries()) target[row * columns + label] = 1;
  return target;
}

/** Class vectors and pictures as one batch of vectors, so that each class vector is one more example of its class. */
function together({ classes, trained, width, pictures, labels }: Batch): [Float64Array, number[]] {
  const vectors = new Float64Array(trained * width + pictures.length);
  vectors.set(classes.subarray(0, trained * width));
  vectors.set(pictures, trained * width);
  return [vectors, [...Array(trained).keys(), ...labels]];
}

/** Slopes of the class vectors alone, as if the mean had been over them: pictures among themselves teach nothing. */
const byClass = ({ trained, width, labels }: Batch, slope: Float64Array): Float64Array =>
  slope.slice(0, trained * width).map((value) => (value * (trained + labels.length)) / trained);

/** A picture of each class, which InfoNCE pairs with its class vector: two of one class would be each other's negatives. */
function pairsOf({ width, classes, pictures, labels }: Batch): {
  image: Float64Array;
  text: Float64Array;
  rows: number[];
} {
  const first = new Map<number, number>();
  for (const [at, label] of labels.entries()) if (!first.has(label)) first.set(label, at);
  const rows = [...first.keys()];
  const gather = (from: Float64Array, indices: readonly number[]) =>
    Float64Array.from(indices.flatMap((at) => [...from.subarray(at * width, (at + 1) * width)]));
  return { image: gather(pictures, [...first.values()]), text: gather(classes, rows), rows };
}

/** @returns the slope by `classes`, [C + R, D] or only its first rows [C, D] */
type Slope = (batch: Batch) => Float64Array;

export const ADAPTER_LOSSES = {
  "multi-positive": (batch) =>
    multiPositive(batch.pictures, batch.classes, oneHot(batch), batch.width, batch.scale).gradient.text,
  sigmoid: (batch) =>
    pairwiseSigmoid(batch.pictures, batch.classes, oneHot(batch), batch.width, batch.scale, batch.bias).gradient.text,
  "info-nce": (batch) => {
    const { image, text, rows } = pairsOf(batch);
    const { gradient } = infoNce(image, text, batch.width, batch.scale);
    const slope = new Float64Array(batch.trained * batch.width);
    for (const [at, row] of rows.entries())
      slope.set(gradient.text.subarray(at * batch.width, (at + 1) * batch.width), row * batch.width);
    return slope;
  },
  triplet: (batch) => {
    const [vectors, labels] = together(batch);
    return byClass(batch, triplet(vectors, labels, batch.width, MARGIN).gradient.vectors);
  },
  "sup-con": (batch) => {
    const [vectors, labels] = together(batch);
    return byClass(batch, supCon(vectors, labels, batch.width, 1 / batch.scale).gradient.vectors);
  },
} satisfies Record<string, Slope>;

export type AdapterLoss = keyof typeof ADAPTER_LOSSES;

export const isAdapterLoss = (name: string): name is AdapterLoss => name in ADAPTER_LOSSES;
