// Labelled pictures that an adapter learns from or is judged on, with what zero-shot says of them.

export interface Shots {
  /** D */
  width: number;
  /** unit vectors [N, D] */
  vectors: Float64Array;
  /** Row of each one's label in the bank, [N]. */
  labels: readonly number[];
  /** Cosines with every label of the bank, [N, L]. */
  cosines: Float64Array;
}

/** @returns the pictures of these indices */
export function pick({ width, vectors, labels, cosines }: Shots, indices: readonly number[]): Shots {
  const count = cosines.length / labels.length;
  const gather = (matrix: Float64Array, columns: number): Float64Array => {
    const out = new Float64Array(indices.length * columns);
    for (const [row, at] of indices.entries())
      out.set(matrix.subarray(at * columns, (at + 1) * columns), row * columns);
    return out;
  };
  return {
    width,
    vectors: gather(vectors, width),
    labels: indices.map((at) => labels[at] ?? -1),
    cosines: gather(cosines, count),
  };
}

/** @returns indices of the pictures of each label that has any, by its row */
export function byLabel(labels: readonly number[]): Map<number, number[]> {
  return Map.groupBy(labels.keys(), (at) => labels[at] ?? -1);
}

/** @param logits [N, L]. @returns the best column of each row */
export function bestOf(logits: Float64Array, count: number): number[] {
  return Array.from({ length: logits.length / count }, (_, row) => {
    let best = 0;
    for (let column = 1; column < count; column++)
      if ((logits[row * count + column] ?? 0) > (logits[row * count + best] ?? 0)) best = column;
    return best;
  });
}
