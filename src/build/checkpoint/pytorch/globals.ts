// The names that a pickle of tensors may use, all of them data: storages, dictionaries, tensors over them.
import type { Dtype } from "../dtype.ts";

/** Where a tensor lies: numbers of one storage, from `offset`, by `strides`, all counted in elements. */
export class PickledTensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** The numbers of one tensor or several. */
class Storage {
  readonly dtype: Dtype;
  /** Of its file in the zip, `data/<key>`. */
  readonly key: string;
  /** In elements. */
  readonly length: number;

  constructor(dtype: Dtype, key: string, length: number) {
    this.dtype = dtype;
    this.key = key;
    this.length = length;
  }
}

const STORAGES: Record<string, Dtype> = {
  "torch DoubleStorage": "F64",
  "torch FloatStorage": "F32",
  "torch HalfStorage": "F16",
  "torch BFloat16Storage": "BF16",
  "torch LongStorage": "I64",
  "torch IntStorage": "I32",
  "torch ShortStorage": "I16",
  "torch CharStorage": "I8",
  "torch ByteStorage": "U8",
  "torch BoolStorage": "BOOL",
};

class StorageType {
  readonly dtype: Dtype;
  constructor(dtype: Dtype) {
    this.dtype = dtype;
  }
}

/** A function that a pickle may name. */
export class Callable {
  readonly call: (args: readonly unknown[]) => unknown;
  constructor(call: (args: readonly unknown[]) => unknown) {
    this.call = call;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);

function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): PickledTensor {
  if (!(storage instanceof Storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides))
    throw new Error("a tensor is made of something else than a storage and its shape");
  if (shape.length !== strides.length) throw new Error("a tensor's shape and strides differ in length");
  const empty = shape.includes(0);
  const last = shape.reduce((sum, dim, axis) => sum + (dim - 1) * (strides[axis] ?? 0), offset);
  if (!empty && last >= storage.length) throw new Error("a tensor reaches past its storage");
  return new PickledTensor(storage, offset, shape, strides);
}

const CALLABLES: Record<string, Callable> = {
  "collections OrderedDict": new Callable((args) => {
    if (args.length > 0) throw new Error("an OrderedDict with arguments");
    return new Map();
  }),
  "torch._utils _rebuild_tensor_v2": new Callable(rebuildTensor),
  "torch._utils _rebuild_parameter": new Callable(([tensor]) => {
    if (!(tensor instanceof PickledTensor)) throw new Error("a parameter is made of something else than a tensor");
    return tensor;
  }),
};

/** @throws Error for any other name */
export function named(name: string): unknown {
  const callable = Object.hasOwn(CALLABLES, name) ? CALLABLES[name] : undefined;
  if (callable) return callable;
  const dtype = Object.hasOwn(STORAGES, name) ? STORAGES[name] : undefined;
  if (dtype) return new StorageType(dtype);
  throw new Error(`it names ${name.replace(" ", ".")}, which is no tensor, list or dictionary`);
}

/** What `torch.save` puts for the numbers of a tensor: ("storage", type, key, device, length). */
export function storageOf(id: unknown): Storage {
  const [kind, type, key, , length] = Array.isArray(id) ? id : [];
  if (kind !== "storage" || !(type instanceof StorageType) || typeof key !== "string" || !isCount(length))
    throw new Error("a persistent id that is no storage");
  if (!/^\w+$/.test(key)) throw new Error(`a storage called ${key}`);
  return new Storage(type.dtype, key, length);
}
