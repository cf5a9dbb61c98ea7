// Constants of an export in the formats that packs compute in: fractions in fp32, whatever width they were stored in.
import { toFloats } from "../checkpoint/dtype.ts";
import type { DataType } from "../onnx/encode.ts";
import type { OnnxTensor } from "../onnx/tensorProto.ts";

const FLOATS = { FLOAT: "F32", FLOAT16: "F16", BFLOAT16: "BF16" } as const;

export const isFloat = ({ type }: OnnxTensor): boolean => type in FLOATS;

/**
 * @param from the first element asked for, @param to the one behind the last; without them all are read
 * @throws Error for a tensor that holds no fractions
 */
export function floatsOf({ name, type, read }: OnnxTensor, from?: number, to?: number): Float32Array<ArrayBuffer> {
  if (type !== "FLOAT" && type !== "FLOAT16" && type !== "BFLOAT16")
    throw new Error(`${name} is ${type}, not a fraction`);
  return toFloats(FLOATS[type], read(from, to));
}

/** @returns what the constant is in a pack */
export function widened(tensor: OnnxTensor): { type: DataType; bytes: Uint8Array } {
  const { type, read } = tensor;
  if (type === "FLOAT16" || type === "BFLOAT16")
    return { type: "FLOAT", bytes: new Uint8Array(floatsOf(tensor).buffer) };
  return { type, bytes: read() };
}

/** TensorProto.DataType of a cast: fp16 and bfloat16 become fp32 as well. */
export const widenedType = (code: number): number => (code === 10 || code === 16 ? 1 : code);
