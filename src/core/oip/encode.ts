// An OIP v2 message to its bytes, tensors in JSON or in the binary tensor extension.
import { HEADER_LENGTH } from "./decode.ts";
import type { InferRequestHeader } from "./schema.ts";
import { type Tensor, toBytes } from "./tensor.ts";

export interface Message {
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

function pack(header: object, field: "inputs" | "outputs", tensors: Tensor[], binary: boolean): Message {
  const described = tensors.map(({ name, shape, datatype, data }) => ({
    name,
    shape,
    datatype,
    ...(binary ? { parameters: { binary_data_size: data.byteLength } } : { data: Array.from(data) }),
  }));
  const json = Uint8Array.from(new TextEncoder().encode(JSON.stringify({ ...header, [field]: described })));
  if (!binary) return { headers: { "content-type": "application/json" }, body: json };
  const body = new Uint8Array(json.byteLength + tensors.reduce((sum, tensor) => sum + tensor.data.byteLength, 0));
  body.set(json);
  let at = json.byteLength;
  for (const tensor of tensors) {
    body.set(toBytes(tensor), at);
    at += tensor.data.byteLength;
  }
  return { headers: { "content-type": "application/octet-stream", [HEADER_LENGTH]: String(json.byteLength) }, body };
}

/** A request with binary inputs that asks for binary outputs. */
export const encodeRequest = (inputs: Tensor[]): Message =>
  pack({ parameters: { binary_data_output: true } }, "inputs", inputs, true);

/** A response in the form that the request asked for: JSON unless binary output was named. */
export function encodeResponse(
  model: { name: string; version: string },
  request: InferRequestHeader,
  outputs: Tensor[],
): Message {
  const asked = request.outputs?.[0]?.parameters?.binary_data ?? request.parameters?.binary_data_output ?? false;
  const header = {
    ...(request.id === undefined ? {} : { id: request.id }),
    model_name: model.name,
    model_version: model.version,
  };
  return pack(header, "outputs", outputs, asked);
}
