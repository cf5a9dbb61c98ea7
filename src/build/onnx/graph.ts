// An ONNX graph under construction: nodes in order, small constants inside, weights streamed to the shards.
import {
  type Attribute,
  type DataType,
  encodeModel,
  encodeNode,
  encodeTensor,
  encodeValueInfo,
  type GraphParts,
} from "./encode.ts";
import type { Room } from "./shards.ts";

const BYTES: Record<DataType, number> = {
  ...{ FLOAT: 4, UINT8: 1, INT8: 1, INT32: 4, INT64: 8, BOOL: 1, FLOAT16: 2, DOUBLE: 8 },
};

const CONTRIB = "com.microsoft";

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** In memory, by the type in the graph. */
interface Arrays {
  FLOAT: Float32Array;
  FLOAT16: Float16Array;
  UINT8: Uint8Array;
}

/** Where the bytes of weights go. */
interface Weights {
  reserve(tensor: string, length: number): Room;
}

export class Graph {
  readonly #parts: GraphParts;
  readonly #shards: Weights;
  readonly #constants = new Map<string, string>();
  readonly #weights = new Set<string>();
  #count = 0;

  constructor(name: string, shards: Weights) {
    this.#parts = { name, nodes: [], initializers: [], inputs: [], outputs: [], domains: new Set() };
    this.#shards = shards;
  }

  /** @returns the name of the node's one output */
  node(op: string, inputs: string[], attributes: Record<string, Attribute> = {}): string {
    const output = `${op.toLowerCase()}_${this.#count++}`;
    this.#parts.nodes.push(encodeNode(op, inputs, [output], attributes));
    return output;
  }

  /** A node whose outputs have names of their own. */
  place(op: string, inputs: string[], outputs: string[], attributes: Record<string, Attribute> = {}): void {
    this.#parts.nodes.push(encodeNode(op, inputs, outputs, attributes));
  }

  /** A small constant under a name of its own. */
  constant(name: string, type: DataType, dims: readonly number[], bytes: Uint8Array): void {
    this.#parts.initializers.push(encodeTensor(name, type, dims, bytes));
  }

  /** An operator of ONNX Runtime's own. @returns the name of the node's one output */
  contrib(op: string, inputs: string[], attributes: Record<string, Attribute>): string {
    const output = `${op.toLowerCase()}_${this.#count++}`;
    this.#parts.domains.add(CONTRIB);
    this.#parts.nodes.push(encodeNode(op, inputs, [output], attributes, CONTRIB));
    return output;
  }

  /** @returns the names of the node's outputs */
  split(op: string, inputs: string[], outputs: number, attributes: Record<string, Attribute> = {}): string[] {
    const names = Array.from({ length: outputs }, () => `${op.toLowerCase()}_${this.#count++}`);
    this.#parts.nodes.push(encodeNode(op, inputs, names, attributes));
    return names;
  }

  floats(dims: number[], values: ArrayLike<number>): string {
    return this.#constant("FLOAT", dims, bytesOf(Float32Array.from(values)));
  }

  float(value: number): string {
    return this.floats([], [value]);
  }

  uint8(value: number): string {
    return this.#constant("UINT8", [], Uint8Array.of(value));
  }

  int32(value: number): string {
    return this.#constant("INT32", [], bytesOf(Int32Array.of(value)));
  }

  int64s(...values: number[]): string {
    return this.#constant("INT64", [values.length], bytesOf(BigInt64Array.from(values, BigInt)));
  }

  int64(value: number): string {
    return this.#constant("INT64", [], bytesOf(BigInt64Array.of(BigInt(value))));
  }

  /** A tensor of the model, kept outside the graph. @param dims its shape, which the data must fill */
  weight(name: string, dims: number[], data: Float32Array | Float16Array | Uint8Array): string {
    const float = data instanceof Float32Array ? "FLOAT" : "FLOAT16";
    const type = data instanceof Uint8Array ? "UINT8" : float;
    const expected = dims.reduce((product, dim) => product * dim, BYTES[type]);
    if (data.byteLength !== expected)
      throw new Error(`${name}: ${data.byteLength} bytes for the shape ${dims.join(" x ")}`);
    this.reserve(name, type, dims)(0, data);
    return name;
  }

  /** A tensor whose values come in parts. @returns what puts a part there, `at` elements behind the first */
  reserve<T extends keyof Arrays>(name: string, type: T, dims: number[]): (at: number, part: Arrays[T]) => void {
    if (this.#weights.has(name)) throw new Error(`${name} is in the graph already`);
    this.#weights.add(name);
    const length = dims.reduce((product, dim) => product * dim, BYTES[type]);
    const { reference, write } = this.#shards.reserve(name, length);
    this.#parts.initializers.push(encodeTensor(name, type, dims, reference));
    return (at, part) => write(at * BYTES[type], bytesOf(part));
  }

  /** Whether there is a weight of that name already, to be used again. */
  holds(name: string): boolean {
    return this.#weights.has(name);
  }

  input(name: string, type: DataType, dims: (number | string)[]): string {
    this.#parts.inputs.push(encodeValueInfo(name, type, dims));
    return name;
  }

  /** Gives a value a name of its own and makes it an output. */
  output(name: string, value: string, dims: (number | string)[]): void {
    this.#parts.nodes.push(encodeNode("Identity", [value], [name], {}));
    this.#parts.outputs.push(encodeValueInfo(name, "FLOAT", dims));
  }

  /** The same for a value of any kind and shape, which the runtime finds out. */
  result(name: string, value: string): void {
    this.#parts.nodes.push(encodeNode("Identity", [value], [name], {}));
    this.#parts.outputs.push(encodeValueInfo(name));
  }

  /** @returns the bytes of the .onnx file */
  finish(): Uint8Array {
    return encodeModel(this.#parts);
  }

  #constant(type: DataType, dims: number[], bytes: Uint8Array): string {
    const key = `${type}/${dims.join()}/${Buffer.from(bytes).toString("base64")}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const name = `constant_${this.#constants.size}`;
    this.#constants.set(key, name);
    this.#parts.initializers.push(encodeTensor(name, type, dims, bytes));
    return name;
  }
}
