// Tensors of a file that `torch.save` wrote: `epoch_N.pt` of OpenCLIP's training, `pytorch_model.bin` of the hub.
// Format: https://docs.pytorch.org/docs/stable/notes/serialization.html
import { DTYPE_BYTES, isFloatDtype, toFloats } from "../dtype.ts";
import type { TensorSource } from "../tensorSource.ts";
import { PickledTensor } from "./globals.ts";
import { unpickle } from "./unpickle.ts";
import { Zip } from "./zip.ts";

/** Names and shapes, not numbers: a few megabytes for the largest models. */
const MAX_PICKLE = 256 * 2 ** 20;

/** @throws Error naming the file and what is wrong with it */
export function openPytorch(path: string): TensorSource {
  const zip = Zip.open(path);
  try {
    return tensorsOf(zip);
  } catch (cause) {
    zip.close();
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function tensorsOf(zip: Zip): TensorSource {
  const pickle = zip.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (!pickle) throw new Error("there is no data.pkl in it");
  const root = pickle.slice(0, -"data.pkl".length);
  const size = zip.size(pickle);
  if (size > MAX_PICKLE) throw new Error(`a pickle of ${size} bytes`);
  const order = `${root}byteorder`;
  if (zip.names.includes(order) && new TextDecoder().decode(zip.read(order, 0, zip.size(order))) !== "little")
    throw new Error("the numbers are not little-endian");
  const tensors = stateOf(unpickle(zip.read(pickle, 0, size)));

  const find = (name: string): PickledTensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`${zip.path}: there is no tensor ${name}`);
    return tensor;
  };
  return {
    names: [...tensors.keys()],
    has: (name) => tensors.has(name),
    shape: (name) => find(name).shape,
    isFloat: (name) => isFloatDtype(find(name).storage.dtype),
    read: (name, shape) => {
      const tensor = find(name);
      if (tensor.shape.join() !== shape.join())
        throw new Error(`${zip.path}: ${name} has the shape [${tensor.shape}], the configuration asks for [${shape}]`);
      return readTensor(zip, root, tensor);
    },
    close: () => zip.close(),
  };
}

/** The state dictionary, which training puts beside its own state. */
function stateOf(root: unknown): Map<string, PickledTensor> {
  const state = root instanceof Map && root.has("state_dict") ? root.get("state_dict") : root;
  if (!(state instanceof Map)) throw new Error("there is no state dictionary in it");
  const tensors = new Map<string, PickledTensor>();
  for (const [name, value] of state) {
    if (typeof name !== "string" || !(value instanceof PickledTensor))
      throw new Error(`${String(name)} of the state dictionary is no tensor`);
    tensors.set(name, value);
  }
  return tensors;
}

function readTensor(zip: Zip, root: string, tensor: PickledTensor): Float32Array<ArrayBuffer> {
  const { storage, offset, shape, strides } = tensor;
  const bytes = DTYPE_BYTES[storage.dtype];
  const count = shape.reduce((product, dim) => product * dim, 1);
  const span = count === 0 ? 0 : shape.reduce((sum, dim, axis) => sum + (dim - 1) * (strides[axis] ?? 0), 1);
  const numbers = toFloats(storage.dtype, zip.read(`${root}data/${storage.key}`, offset * bytes, span * bytes));
  return isRowMajor(shape, strides) ? numbers : gathered(numbers, count, shape, strides);
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis] ?? 1;
  }
  return true;
}

/** A transposed or sliced view, in row-major order. */
function gathered(
  numbers: Float32Array,
  count: number,
  shape: readonly number[],
  strides: readonly number[],
): Float32Array<ArrayBuffer> {
  const place = shape.map(() => 0);
  const out = new Float32Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    out[i] = numbers[at] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [step, dim] = [strides[axis] ?? 0, shape[axis] ?? 1];
      place[axis] = (place[axis] ?? 0) + 1;
      at += step;
      if ((place[axis] ?? 0) < dim) break;
      at -= step * dim;
      place[axis] = 0;
    }
  }
  return out;
}
