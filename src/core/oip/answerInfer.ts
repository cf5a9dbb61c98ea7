// `POST /v2/models/{model}/infer` from bytes to bytes, for whatever engine encodes.
import type { Manifest, TowerName } from "../pack/manifest.ts";
import { Problem } from "../problem.ts";
import { type Bounds, checkInput } from "./checkInput.ts";
import { decodeRequest } from "./decode.ts";
import { encodeResponse, type Message } from "./encode.ts";
import { versionOf } from "./metadata.ts";
import type { InferRequestHeader } from "./schema.ts";
import type { Tensor } from "./tensor.ts";

export interface Served {
  tower: TowerName;
  manifest: Manifest;
  bounds: Bounds;
  /**
   * @param input `pixels` uint8 [N, S, S, 3] or `input_ids` int32 [N, T]
   * @param header of the request, for parameters that the engine honours
   * @returns unit vectors float32 [N, D]
   */
  encode(input: Tensor, header: InferRequestHeader): Promise<Float32Array>;
}

function checkOutputs({ outputs = [] }: InferRequestHeader): void {
  const at = outputs.findIndex(({ name }) => name !== "embedding");
  if (at < 0) return;
  const [pointer, message] = [`/outputs/${at}/name`, "must be embedding"];
  throw new Problem("invalid_request", `${pointer} ${message}`, { errors: [{ pointer, message }] });
}

/** @throws Problem `invalid_json`, `invalid_request`, and what the engine throws */
export async function answerInfer(served: Served, body: Uint8Array, headerLength: string | null): Promise<Message> {
  const { tower, manifest, bounds } = served;
  const { header, inputs } = decodeRequest(body, headerLength);
  checkOutputs(header);
  const input = checkInput(inputs, tower, manifest, bounds);
  const data = await served.encode(input, header);
  const shape = [input.shape[0] ?? 0, manifest.embed_dim];
  return encodeResponse({ name: tower, version: versionOf(manifest) }, header, [
    { name: "embedding", datatype: "FP32", shape, data },
  ]);
}
