// Number formats of checkpoint files, little-endian, and how those that weights come in are read.

export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type Dtype = keyof typeof DTYPE_BYTES;

export const isFloatDtype = (dtype: Dtype): boolean => ["F64", "F32", "F16", "BF16"].includes(dtype);

/** @throws Error for a format without fractions */
export function toFloats(dtype: Dtype, bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  switch (dtype) {
    case "F32":
      return new Float32Array(bytes.buffer);
    case "F16":
      return new Float32Array(new Float16Array(bytes.buffer));
    case "F64":
      return new Float32Array(new Float64Array(bytes.buffer));
    case "BF16": {
      const halves = new Uint16Array(bytes.buffer);
      const wide = new Uint32Array(halves.length);
      for (const [index, half] of halves.entries()) wide[index] = half << 16;
      return new Float32Array(wide.buffer);
    }
    default:
      throw new Error(`${dtype} is no floating point format`);
  }
}
