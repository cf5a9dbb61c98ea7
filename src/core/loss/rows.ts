// Products of row-major matrices: what every contrastive loss is made of, and what its gradient goes back through.

/** What a loss says of vectors: its value, and its gradient in the shape of each input that has one. */
export interface Loss<Name extends string> {
  loss: number;
  gradient: Record<Name, Float64Array<ArrayBuffer>>;
}

/**
 * @param a [N, D]
 * @param b [M, D]
 * @returns a b^T, [N, M]
 * @throws RangeError when a or b has no rows of that width
 */
export function dots(a: Float64Array, b: Float64Array, width: number): Float64Array<ArrayBuffer> {
  const [rows, columns] = [rowsOf(a, width), rowsOf(b, width)];
  const out = new Float64Array(rows * columns);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      let sum = 0;
      for (let i = 0, left = row * width, right = column * width; i < width; i++, left++, right++)
        sum += (a[left] ?? 0) * (b[right] ?? 0);
      out[at] = sum;
    }
  }
  return out;
}

/**
 * @param weights [N, M]
 * @param vectors [M, D]
 * @param factor of every product
 * @returns factor * weights vectors, [N, D]
 */
export function weighted(
  weights: Float64Array,
  vectors: Float64Array,
  width: number,
  factor: number,
): Float64Array<ArrayBuffer> {
  const columns = rowsOf(vectors, width);
  const rows = rowsOf(weights, columns);
  const out = new Float64Array(rows * width);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      const weight = factor * (weights[at] ?? 0);
      if (weight === 0) continue;
      for (let i = 0, to = row * width, from = column * width; i < width; i++, to++, from++)
        out[to] = (out[to] ?? 0) + weight * (vectors[from] ?? 0);
    }
  }
  return out;
}

/** @param matrix [N, M]. @returns [M, N] */
export function transposed(matrix: Float64Array, columns: number): Float64Array<ArrayBuffer> {
  const rows = rowsOf(matrix, columns);
  return Float64Array.from(matrix, (_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)] ?? 0);
}

/** @returns N. @throws RangeError unless there is at least one row, and every row is whole */
export function rowsOf(matrix: Float64Array, width: number): number {
  const rows = matrix.length / width;
  if (!Number.isInteger(rows) || rows < 1)
    throw new RangeError(`${matrix.length} numbers are no rows of width ${width}`);
  return rows;
}
