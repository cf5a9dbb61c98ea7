// How far int8 strays from fp32: cosines of the two graphs' vectors on the same inputs.
import type { Tower } from "./ort.ts";

export interface Drift {
  count: number;
  cosine_mean: number;
  cosine_worst: number;
}

/** Budget of an edge pack: image vectors, mean and worst. */
export const DRIFT_BUDGET = { mean: 0.99, worst: 0.97 };

export interface Input {
  data: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
  dims: readonly number[];
}

const round = (value: number) => Number(value.toFixed(6));

export async function measureDrift(reference: Tower, quantized: Tower, inputs: readonly Input[]): Promise<Drift> {
  let sum = 0;
  let worst = 1;
  for (const { data, dims } of inputs) {
    const [a, b] = [await reference.run(data, dims), await quantized.run(data, dims)];
    const cosine = a.reduce((dot, value, i) => dot + value * (b[i] ?? 0), 0);
    sum += cosine;
    worst = Math.min(worst, cosine);
  }
  return { count: inputs.length, cosine_mean: round(sum / inputs.length), cosine_worst: round(worst) };
}

export const withinBudget = ({ cosine_mean, cosine_worst }: Drift): boolean =>
  cosine_mean >= DRIFT_BUDGET.mean && cosine_worst >= DRIFT_BUDGET.worst;
