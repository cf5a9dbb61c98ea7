// A checkpoint's tensors with some of their values changed as they are read.
import type { TensorSource } from "./tensorSource.ts";

/** @param change is given each tensor that is read, to change it in place */
export const altered = (
  source: TensorSource,
  change: (name: string, values: Float32Array<ArrayBuffer>, shape: readonly number[]) => void,
): TensorSource => ({
  names: source.names,
  has: (name) => source.has(name),
  shape: (name) => source.shape(name),
  isFloat: (name) => source.isFloat(name),
  close: () => source.close(),
  read(name, shape) {
    const values = source.read(name, shape);
    change(name, values, shape);
    return values;
  },
});
