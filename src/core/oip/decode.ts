// An OIP v2 message from its bytes: JSON alone, or JSON followed by binary tensors (Inference-Header-Content-Length).
import * as v from "valibot";
import { Problem } from "../problem.ts";
import { type InferRequestHeader, InferRequestSchema, InferResponseSchema, type TensorHeader } from "./schema.ts";
import {
  BYTES_PER_ELEMENT,
  type Datatype,
  elements,
  fromBytes,
  fromNumbers,
  isDatatype,
  type Tensor,
} from "./tensor.ts";

export const HEADER_LENGTH = "inference-header-content-length";

const RANGE: Record<Datatype, (value: number) => boolean> = {
  UINT8: (value) => Number.isInteger(value) && value >= 0 && value <= 255,
  INT32: (value) => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31,
  FP32: (value) => Number.isFinite(value),
};

const invalid = (pointer: string, message: string) =>
  new Problem("invalid_request", `${pointer || "The body"}: ${message}`, { errors: [{ pointer, message }] });

/** Splits the message at the length that its header names and parses the JSON in front. */
function split(body: Uint8Array, headerLength: string | null): { json: unknown; binary: Uint8Array } {
  let end = body.byteLength;
  if (headerLength !== null) {
    end = Number(headerLength);
    if (!/^\d{1,10}$/.test(headerLength) || end > body.byteLength) {
      throw invalid("", `${HEADER_LENGTH} must be a length within the body`);
    }
  }
  try {
    return {
      json: JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body.subarray(0, end))),
      binary: body.subarray(end),
    };
  } catch (cause) {
    throw new Problem("invalid_json", "The body is not valid JSON.", { cause });
  }
}

function tensorsOf(headers: TensorHeader[], binary: Uint8Array, field: string): Tensor[] {
  let at = 0;
  const tensors = headers.map((header, index) => {
    const pointer = `/${field}/${index}`;
    const { name, shape, datatype } = header;
    if (!isDatatype(datatype)) throw invalid(`${pointer}/datatype`, "must be UINT8, INT32 or FP32");
    const count = elements(shape);
    const size = header.parameters?.binary_data_size;
    if (size !== undefined) {
      if (header.data) throw invalid(`${pointer}/data`, "contradicts binary_data_size");
      if (size !== count * BYTES_PER_ELEMENT[datatype])
        throw invalid(`${pointer}/parameters/binary_data_size`, "does not fit shape and datatype");
      if (at + size > binary.byteLength)
        throw invalid(`${pointer}/parameters/binary_data_size`, "reaches past the body");
      at += size;
      return fromBytes(name, datatype, shape, binary.subarray(at - size, at));
    }
    if (!header.data) throw invalid(`${pointer}/data`, "is missing");
    const values = header.data.flat(8);
    if (values.length !== count) throw invalid(`${pointer}/data`, `has ${values.length} numbers, the shape ${count}`);
    const numbers = values.map((value, i) => {
      if (typeof value !== "number" || !RANGE[datatype](value))
        throw invalid(`${pointer}/data/${i}`, `is no ${datatype}`);
      return value;
    });
    return fromNumbers(name, datatype, shape, numbers);
  });
  if (at !== binary.byteLength)
    throw invalid(`/${field}`, `${binary.byteLength - at} bytes of binary data belong to no tensor`);
  return tensors;
}

function parse<S extends v.GenericSchema>(schema: S, json: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw invalid(`/${(v.getDotPath(issue) ?? "").replaceAll(".", "/")}`, issue.message);
}

/** @throws Problem `invalid_json` or `invalid_request` with a pointer to the field */
export function decodeRequest(
  body: Uint8Array,
  headerLength: string | null,
): { header: InferRequestHeader; inputs: Tensor[] } {
  const { json, binary } = split(body, headerLength);
  const header = parse(InferRequestSchema, json);
  return { header, inputs: tensorsOf(header.inputs, binary, "inputs") };
}

/** @throws Problem `invalid_json` or `invalid_request`: the engine does not speak OIP v2 */
export function decodeResponse(
  body: Uint8Array,
  headerLength: string | null,
): { version: string | undefined; outputs: Tensor[] } {
  const { json, binary } = split(body, headerLength);
  const header = parse(InferResponseSchema, json);
  return { version: header.model_version, outputs: tensorsOf(header.outputs, binary, "outputs") };
}
