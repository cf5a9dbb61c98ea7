// One OIP v2 inference over a service binding, checked to come from the pack that this Worker was deployed with.
import { decodeResponse, HEADER_LENGTH } from "../../core/oip/decode.ts";
import { encodeRequest } from "../../core/oip/encode.ts";
import { versionOf } from "../../core/oip/metadata.ts";
import type { Tensor } from "../../core/oip/tensor.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { Problem } from "../../core/problem.ts";
import { callWorker } from "./callWorker.ts";

/** @returns unit vectors fp32 [N, D]. @throws Problem `space_mismatch` when another pack answers */
export async function infer(
  worker: Fetcher,
  tower: "vision" | "text",
  manifest: Manifest,
  input: Tensor,
): Promise<Float32Array> {
  const response = await callWorker(worker, `/v2/models/${tower}/infer`, { method: "POST", ...encodeRequest([input]) });
  const { version, outputs } = decodeResponse(
    new Uint8Array(await response.arrayBuffer()),
    response.headers.get(HEADER_LENGTH),
  );
  if (version !== versionOf(manifest)) {
    throw new Problem(
      "space_mismatch",
      `The ${tower} Worker serves another pack (${version}) than this deployment was built for.`,
    );
  }
  const [embedding] = outputs;
  if (embedding?.datatype !== "FP32" || embedding.data.length !== (input.shape[0] ?? 0) * manifest.embed_dim) {
    throw new Problem(
      "model_unavailable",
      `The ${tower} Worker answered with no vectors of width ${manifest.embed_dim}.`,
    );
  }
  return embedding.data;
}
