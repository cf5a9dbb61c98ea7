// Where a tower finds its tensors: by OpenCLIP's names, which are the canonical ones, in fp32, shape checked.

export interface Tensors {
  has(name: string): boolean;
  /** @throws Error when there is no such tensor, or one of another shape */
  read(name: string, shape: readonly number[]): Float32Array<ArrayBuffer>;
}
