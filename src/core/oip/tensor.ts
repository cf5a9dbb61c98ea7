// Tensors as the Open Inference Protocol v2 names and packs them, for the datatypes that CLIP needs.

interface TensorData {
  UINT8: Uint8Array;
  INT32: Int32Array;
  FP32: Float32Array;
}
export type Datatype = keyof TensorData;

export type Tensor = {
  [D in Datatype]: { name: string; datatype: D; shape: number[]; data: TensorData[D] };
}[Datatype];

export const BYTES_PER_ELEMENT: Record<Datatype, number> = { UINT8: 1, INT32: 4, FP32: 4 };

export const isDatatype = (value: string): value is Datatype => Object.hasOwn(BYTES_PER_ELEMENT, value);

/** Number of elements of a shape. */
export const elements = (shape: number[]): number => shape.reduce((product, size) => product * size, 1);

/** Little-endian bytes, as the binary tensor extension sends them. */
export const toBytes = (tensor: Tensor): Uint8Array =>
  new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);

/** @param bytes little-endian, copied where the view would be unaligned */
export function fromBytes(name: string, datatype: Datatype, shape: number[], bytes: Uint8Array): Tensor {
  const aligned = bytes.byteOffset % BYTES_PER_ELEMENT[datatype] === 0 ? bytes : new Uint8Array(bytes);
  const count = elements(shape);
  switch (datatype) {
    case "UINT8":
      return { name, datatype, shape, data: new Uint8Array(aligned.buffer, aligned.byteOffset, count) };
    case "INT32":
      return { name, datatype, shape, data: new Int32Array(aligned.buffer, aligned.byteOffset, count) };
    case "FP32":
      return { name, datatype, shape, data: new Float32Array(aligned.buffer, aligned.byteOffset, count) };
  }
}

/** @param values the numbers of a JSON body, flattened; the caller has checked count and range */
export function fromNumbers(name: string, datatype: Datatype, shape: number[], values: number[]): Tensor {
  switch (datatype) {
    case "UINT8":
      return { name, datatype, shape, data: Uint8Array.from(values) };
    case "INT32":
      return { name, datatype, shape, data: Int32Array.from(values) };
    case "FP32":
      return { name, datatype, shape, data: Float32Array.from(values) };
  }
}
