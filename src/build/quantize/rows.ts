// Symmetric int8 with a scale per row, stored as uint8 with zero point 128: exact where u8 x s8 would saturate (AVX2).

export const ZERO_POINT = 128;

export interface QuantizedRows {
  /** uint8 [rows, width] */
  values: Uint8Array<ArrayBuffer>;
  /** fp32 [rows]: real = (value - 128) * scale */
  scales: Float32Array<ArrayBuffer>;
}

/** @param weight fp32 [rows, width] */
export function quantizeRows(weight: Float32Array, rows: number): QuantizedRows {
  const width = weight.length / rows;
  const values = new Uint8Array(weight.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    let largest = 0;
    for (let i = at; i < at + width; i++) largest = Math.max(largest, Math.abs(weight[i] ?? 0));
    // A row of zeros keeps a scale that divides.
    const scale = Math.fround(largest / 127) || 1;
    scales[row] = scale;
    for (let i = at; i < at + width; i++)
      values[i] = ZERO_POINT + Math.max(-127, Math.min(127, Math.round((weight[i] ?? 0) / scale)));
  }
  return { values, scales };
}
