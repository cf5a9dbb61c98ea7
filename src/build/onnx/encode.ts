// The messages of onnx.proto that a compiled model needs, written field by field.
// Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

const DATA_TYPE = { FLOAT: 1, UINT8: 2, INT8: 3, INT32: 6, INT64: 7, BOOL: 9, FLOAT16: 10, DOUBLE: 11 } as const;
export type DataType = keyof typeof DATA_TYPE;

/** @property tensor a TensorProto */
export type Attribute = number | string | number[] | { float: number } | { floats: number[] } | { tensor: Uint8Array };

export interface ExternalRef {
  location: string;
  offset: number;
  length: number;
}

export const OPSET = 20;
const IR_VERSION = 9;
const ATTRIBUTE_TYPE = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, FLOATS: 6, INTS: 7 } as const;

type Fill = (writer: BinaryWriter) => void;

const message = (writer: BinaryWriter, field: number, fill: Fill) => {
  writer.tag(field, WireType.LengthDelimited).fork();
  fill(writer);
  writer.join();
};
const text = (writer: BinaryWriter, field: number, value: string) =>
  writer.tag(field, WireType.LengthDelimited).string(value);
const integer = (writer: BinaryWriter, field: number, value: number) => writer.tag(field, WireType.Varint).int64(value);

function encodeMessage(fill: Fill): Uint8Array {
  const writer = new BinaryWriter();
  fill(writer);
  return writer.finish();
}

function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  text(writer, 1, name);
  const type = (kind: keyof typeof ATTRIBUTE_TYPE) => integer(writer, 20, ATTRIBUTE_TYPE[kind]);
  if (typeof value === "string") {
    text(writer, 4, value);
    type("STRING");
  } else if (typeof value === "number") {
    integer(writer, 3, value);
    type("INT");
  } else if (Array.isArray(value)) {
    for (const each of value) integer(writer, 8, each);
    type("INTS");
  } else if ("float" in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    type("FLOAT");
  } else if ("tensor" in value) {
    writer.tag(5, WireType.LengthDelimited).bytes(value.tensor);
    type("TENSOR");
  } else {
    for (const each of value.floats) writer.tag(7, WireType.Bit32).float(each);
    type("FLOATS");
  }
}

/** NodeProto */
export const encodeNode = (
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, Attribute>,
  domain = "",
): Uint8Array =>
  encodeMessage((node) => {
    for (const input of inputs) text(node, 1, input);
    for (const output of outputs) text(node, 2, output);
    text(node, 3, outputs[0] ?? op);
    text(node, 4, op);
    for (const [name, value] of Object.entries(attributes))
      message(node, 5, (attribute) => writeAttribute(attribute, name, value));
    if (domain) text(node, 7, domain);
  });

/** TensorProto, with its bytes inside or in an external file */
export const encodeTensor = (
  name: string,
  type: DataType,
  dims: readonly number[],
  data: Uint8Array | ExternalRef,
): Uint8Array =>
  encodeMessage((tensor) => {
    for (const dim of dims) integer(tensor, 1, dim);
    integer(tensor, 2, DATA_TYPE[type]);
    text(tensor, 8, name);
    if (data instanceof Uint8Array) {
      tensor.tag(9, WireType.LengthDelimited).bytes(data);
      return;
    }
    for (const [key, value] of Object.entries(data)) {
      message(tensor, 13, (entry) => {
        text(entry, 1, key);
        text(entry, 2, String(value));
      });
    }
    integer(tensor, 14, 1);
  });

/** ValueInfoProto; a dimension given as a name is free, and without a type nothing is said of it */
export const encodeValueInfo = (name: string, type?: DataType, dims: readonly (number | string)[] = []): Uint8Array =>
  encodeMessage((info) => {
    text(info, 1, name);
    if (!type) return;
    message(info, 2, (valueType) =>
      message(valueType, 1, (tensorType) => {
        integer(tensorType, 1, DATA_TYPE[type]);
        message(tensorType, 2, (shape) => {
          for (const dim of dims) {
            message(shape, 1, (dimension) =>
              typeof dim === "number" ? integer(dimension, 1, dim) : text(dimension, 2, dim),
            );
          }
        });
      }),
    );
  });

export interface GraphParts {
  name: string;
  nodes: Uint8Array[];
  initializers: Uint8Array[];
  inputs: Uint8Array[];
  outputs: Uint8Array[];
  /** Operator sets beside ONNX's own, each in its first version. */
  domains: Set<string>;
}

/** ModelProto */
export const encodeModel = (graph: GraphParts): Uint8Array =>
  encodeMessage((model) => {
    integer(model, 1, IR_VERSION);
    text(model, 2, "edgeclip");
    message(model, 7, (proto) => {
      const all = (field: number, parts: Uint8Array[]) => {
        for (const part of parts) proto.tag(field, WireType.LengthDelimited).bytes(part);
      };
      all(1, graph.nodes);
      text(proto, 2, graph.name);
      all(5, graph.initializers);
      all(11, graph.inputs);
      all(12, graph.outputs);
    });
    message(model, 8, (opset) => {
      text(opset, 1, "");
      integer(opset, 2, OPSET);
    });
    for (const domain of graph.domains) {
      message(model, 8, (opset) => {
        text(opset, 1, domain);
        integer(opset, 2, 1);
      });
    }
  });
