// A TensorProto of a file, its data read when asked for: inside the model, or in an external file beside it.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import { closeSync, fstatSync, openSync } from "node:fs";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { readExactly } from "../checkpoint/readExactly.ts";
import type { Field, ProtoFile } from "./fields.ts";

/** TensorProto.DataType of the formats that models for inference come in, with bytes an element. */
const TENSOR_TYPES = new Map<
  number,
  { name: "FLOAT" | "UINT8" | "INT8" | "INT32" | "INT64" | "BOOL" | "FLOAT16" | "DOUBLE" | "BFLOAT16"; bytes: number }
>([
  [1, { name: "FLOAT", bytes: 4 }],
  [2, { name: "UINT8", bytes: 1 }],
  [3, { name: "INT8", bytes: 1 }],
  [6, { name: "INT32", bytes: 4 }],
  [7, { name: "INT64", bytes: 8 }],
  [9, { name: "BOOL", bytes: 1 }],
  [10, { name: "FLOAT16", bytes: 2 }],
  [11, { name: "DOUBLE", bytes: 8 }],
  [16, { name: "BFLOAT16", bytes: 2 }],
]);

type TensorType = NonNullable<ReturnType<typeof TENSOR_TYPES.get>>;

export interface OnnxTensor {
  name: string;
  type: TensorType["name"];
  dims: number[];
  /**
   * Little-endian, in a buffer of its own.
   * @param from the first element asked for, @param to the one behind the last; without them all are read
   * @throws Error naming the tensor when its data is not all there
   */
  read(from?: number, to?: number): Uint8Array<ArrayBuffer>;
}

/** @throws Error naming file and tensor */
export function decodeTensor(file: ProtoFile, { start, end }: Pick<Field, "start" | "end">): OnnxTensor {
  const dims: number[] = [];
  const external = new Map<string, string>();
  let [name, code] = ["", 0];
  let data: Field | undefined;
  for (const field of file.fields(start, end)) {
    if (field.no === 1) dims.push(...integersOf(file, field).map(Number));
    else if (field.no === 2) code = Number(field.value);
    else if (field.no === 8) name = file.text(field);
    else if (field.no === 13) external.set(...entryOf(file, field));
    else if ([4, 5, 7, 9, 10].includes(field.no)) data = field;
  }
  const known = TENSOR_TYPES.get(code);
  if (!known) throw new Error(`${file.path}: the tensor ${name} is of data type ${code}, which is not read here`);
  const count = dims.reduce((product, dim) => product * dim, 1);
  const read = (from = 0, to = count) => {
    const bytes = count * known.bytes;
    const part = { begin: from * known.bytes, end: to * known.bytes };
    if (external.size > 0) return readExternal(file.path, name, external, bytes, part);
    const found = inside(file, data, known);
    if (found.size !== bytes)
      throw new Error(`${file.path}: the tensor ${name} has ${found.size} bytes, its shape [${dims}] needs ${bytes}`);
    return found.read(part);
  };
  return { name, type: known.name, dims, read };
}

/** Packed or one by one. */
export function integersOf(file: ProtoFile, { wire, value, start, end }: Field): bigint[] {
  if (wire !== 2) return [value];
  const all: bigint[] = [];
  for (let at = start; at < end; ) {
    const [each, next] = file.varint(at, end);
    all.push(each);
    at = next;
  }
  return all;
}

function entryOf(file: ProtoFile, { start, end }: Field): [string, string] {
  const fields = [...file.fields(start, end)];
  const part = (no: number) => {
    const field = fields.find((each) => each.no === no);
    return field ? file.text(field) : "";
  };
  return [part(1), part(2)];
}

/** Bytes of a tensor. */
interface Part {
  begin: number;
  end: number;
}

interface Held {
  /** Bytes. */
  size: number;
  read(part: Part): Uint8Array<ArrayBuffer>;
}

function inside(file: ProtoFile, data: Field | undefined, type: TensorType): Held {
  // As in memory: raw_data, and packed float_data or double_data.
  if (data?.no === 9 || data?.no === 4 || data?.no === 10)
    return {
      size: data.end - data.start,
      read: ({ begin, end }) => file.bytes(data.start + begin, data.start + end),
    };
  const all = data ? numbers(file, data, type) : new Uint8Array();
  return { size: all.byteLength, read: ({ begin, end }) => all.slice(begin, end) };
}

function numbers(file: ProtoFile, data: Field, { name, bytes }: TensorType): Uint8Array<ArrayBuffer> {
  const values: bigint[] = [];
  for (let at = data.start; at < data.end; ) {
    const [value, next] = file.varint(at, data.end);
    values.push(value);
    at = next;
  }
  const written = new DataView(new ArrayBuffer(values.length * bytes));
  for (const [i, value] of values.entries()) {
    if (bytes === 8) written.setBigInt64(8 * i, value, true);
    else if (bytes === 4) written.setInt32(4 * i, Number(value), true);
    else if (bytes === 2) written.setUint16(2 * i, Number(value), true);
    else written.setInt8(i, Number(value));
  }
  if (name === "FLOAT") throw new Error(`${file.path}: int32_data for floats`);
  return new Uint8Array(written.buffer);
}

function readExternal(
  modelPath: string,
  tensor: string,
  entries: ReadonlyMap<string, string>,
  bytes: number,
  { begin, end }: Part,
): Uint8Array<ArrayBuffer> {
  const location = entries.get("location") ?? "";
  if (location === "" || isAbsolute(location) || normalize(location).startsWith(".."))
    throw new Error(
      `${modelPath}: the tensor ${tensor} lies at ${JSON.stringify(location)}, outside the model's folder`,
    );
  const path = join(dirname(modelPath), location);
  const offset = Number(entries.get("offset") ?? 0);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw new Error(`${path} is not there: ${modelPath} keeps its weights in it`, { cause });
  }
  try {
    const length = Number(entries.get("length") ?? bytes);
    if (length !== bytes || !Number.isSafeInteger(offset) || offset < 0 || offset + length > fstatSync(file).size)
      throw new Error(`${path}: the tensor ${tensor} is not all in it`);
    return readExactly(path, file, offset + begin, end - begin);
  } finally {
    closeSync(file);
  }
}
