// How far int8 strays from fp32: cosines of the two graphs' vectors on the same inputs.
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

/** @param a, b unit vectors of the same inputs */
export function compareVectors(a: readonly Float32Array[], b: readonly Float32Array[]): Drift {
  const cosines = a.map((vector, row) => vector.reduce((dot, value, i) => dot + value * (b[row]?.[i] ?? 0), 0));
  return {
    count: cosines.length,
    cosine_mean: round(cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length),
    cosine_worst: round(Math.min(1, ...cosines)),
  };
}

export const withinBudget = ({ cosine_mean, cosine_worst }: Drift): boolean =>
  cosine_mean >= DRIFT_BUDGET.mean && cosine_worst >= DRIFT_BUDGET.worst;
