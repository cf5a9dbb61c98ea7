// An ONNX model of another exporter: its nodes, constants, inputs and outputs; weights stay in the file until they are read.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import type { Attribute } from "./encode.ts";
import { type Field, ProtoFile } from "./fields.ts";
import { decodeTensor, integersOf, type OnnxTensor } from "./tensorProto.ts";

export interface OnnxNode {
  op: string;
  inputs: string[];
  outputs: string[];
  /** A tensor is one that is read when asked for. */
  attributes: Map<string, Attribute | OnnxTensor>;
}

export interface OnnxValue {
  name: string;
  /** TensorProto.DataType */
  type: number;
  /** Numbers, or null where a dimension is free. */
  dims: (number | null)[];
}

export interface OnnxModel {
  path: string;
  opset: number;
  /** In an order that runs. */
  nodes: OnnxNode[];
  constants: Map<string, OnnxTensor>;
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  close(): void;
}

/** The standard operators'. */
const DOMAINS = ["", "ai.onnx"];

/** @throws Error naming what of the file is not read here */
export function openOnnx(path: string): OnnxModel {
  const file = new ProtoFile(path);
  try {
    return { ...decodeModel(file), close: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

function decodeModel(file: ProtoFile): Omit<OnnxModel, "close"> {
  let graph: Field | undefined;
  let opset = 0;
  for (const field of file.fields()) {
    if (field.no === 7) graph = field;
    else if (field.no === 8) {
      const own = [...file.fields(field.start, field.end)];
      const domain = own.find(({ no }) => no === 1);
      if (!domain || DOMAINS.includes(file.text(domain))) opset = Number(own.find(({ no }) => no === 2)?.value ?? 0n);
    } else if (field.no === 25)
      throw new Error(`${file.path}: has functions of its own (FunctionProto), which are not read here`);
  }
  if (!graph || opset === 0) throw new Error(`${file.path}: is no ONNX model`);
  const nodes: OnnxNode[] = [];
  const constants = new Map<string, OnnxTensor>();
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  for (const field of file.fields(graph.start, graph.end)) {
    if (field.no === 1) nodes.push(decodeNode(file, field));
    else if (field.no === 5) {
      const tensor = decodeTensor(file, field);
      constants.set(tensor.name, tensor);
    } else if (field.no === 11) inputs.push(decodeValue(file, field));
    else if (field.no === 12) outputs.push(decodeValue(file, field));
    else if (field.no === 15) throw new Error(`${file.path}: has sparse weights, which are not read here`);
  }
  // Old exporters list their weights among the inputs.
  return {
    path: file.path,
    opset,
    nodes,
    constants,
    outputs,
    inputs: inputs.filter(({ name }) => !constants.has(name)),
  };
}

function decodeNode(file: ProtoFile, { start, end }: Field): OnnxNode {
  const node: OnnxNode = { op: "", inputs: [], outputs: [], attributes: new Map() };
  let domain = "";
  const attributes: Field[] = [];
  for (const field of file.fields(start, end)) {
    if (field.no === 1) node.inputs.push(file.text(field));
    else if (field.no === 2) node.outputs.push(file.text(field));
    else if (field.no === 4) node.op = file.text(field);
    else if (field.no === 5) attributes.push(field);
    else if (field.no === 7) domain = file.text(field);
  }
  if (!DOMAINS.includes(domain))
    throw new Error(
      `${file.path}: the node ${node.outputs[0]} is ${domain}.${node.op}, no operator of the ONNX standard: take an export that no optimizer went over`,
    );
  for (const field of attributes) node.attributes.set(...decodeAttribute(file, field, node.op));
  return node;
}

function decodeAttribute(file: ProtoFile, { start, end }: Field, op: string): [string, Attribute | OnnxTensor] {
  let name = "";
  let single: Attribute | OnnxTensor | undefined;
  const [ints, floats]: [number[], number[]] = [[], []];
  let type = 0;
  for (const field of file.fields(start, end)) {
    if (field.no === 1) name = file.text(field);
    else if (field.no === 2) single = { float: floatOf(Number(field.value)) };
    else if (field.no === 3) single = Number(field.value);
    else if (field.no === 4) single = file.text(field);
    else if (field.no === 5) single = decodeTensor(file, field);
    else if (field.no === 7) floats.push(...floatsOf(file, field));
    else if (field.no === 8) ints.push(...integersOf(file, field).map(Number));
    else if (field.no === 20) type = Number(field.value);
    else if (field.no !== 13)
      throw new Error(
        `${file.path}: ${op} has an attribute ${name} of a kind that is not read here (a graph inside, as If and Loop have)`,
      );
  }
  if (type === 7 || (single === undefined && ints.length > 0)) return [name, ints];
  if (type === 6 || (single === undefined && floats.length > 0)) return [name, { floats }];
  // A number that is 0 or an empty text may be left out.
  return [name, single ?? (type === 1 ? { float: 0 } : type === 3 ? "" : 0)];
}

function floatOf(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits, true);
  return view.getFloat32(0, true);
}

const floatsOf = (file: ProtoFile, { wire, value, start, end }: Field): number[] =>
  wire === 2 ? [...new Float32Array(file.bytes(start, end).buffer)] : [floatOf(Number(value))];

function decodeValue(file: ProtoFile, { start, end }: Field): OnnxValue {
  const inner = (from: Field | undefined, no: number) =>
    from && [...file.fields(from.start, from.end)].find((field) => field.no === no);
  const fields = [...file.fields(start, end)];
  const named = fields.find(({ no }) => no === 1);
  const tensor = inner(
    fields.find(({ no }) => no === 2),
    1,
  );
  const shape = inner(tensor, 2);
  const dims = shape
    ? [...file.fields(shape.start, shape.end)].map((dim) => {
        const value = inner(dim, 1)?.value;
        return value === undefined ? null : Number(value);
      })
    : [];
  return { name: named ? file.text(named) : "", type: Number(inner(tensor, 1)?.value ?? 0n), dims };
}
