// Tensors of a checkpoint by name, read one at a time, so that memory is bounded by the largest of them.

export interface TensorSource {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws Error when there is no such tensor */
  shape(name: string): readonly number[];
  /** False for counters and indices. */
  isFloat(name: string): boolean;
  /** @returns the tensor in fp32, row-major. @throws Error when there is none, or one of another shape */
  read(name: string, shape: readonly number[]): Float32Array<ArrayBuffer>;
  close(): void;
}

/** @returns the value of a tensor of one number, whether it is kept as [] or as [1] */
export const scalar = (tensors: TensorSource, name: string): number | undefined =>
  tensors.has(name) ? tensors.read(name, tensors.shape(name).length === 0 ? [] : [1])[0] : undefined;
