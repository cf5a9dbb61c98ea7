// The Open Inference Protocol v2 over one tower: server and model metadata, health, inference.
import { AutoRouter, type IRequest } from "itty-router";
import { decodeRequest, HEADER_LENGTH } from "../../core/oip/decode.ts";
import { encodeResponse } from "../../core/oip/encode.ts";
import { Problem } from "../../core/problem.ts";
import { readBody } from "../body/readBody.ts";
import { checkInput } from "./checkInput.ts";
import { memoize } from "./memoize.ts";
import { checkCanary, loadModel, type Model, type TowerName } from "./model.ts";
import { wasmBytes } from "./runtime.ts";

export interface ModelEnv {
  ASSETS: Fetcher;
}

/** Largest body: the largest batch of pictures of 336 px with its header. */
const MAX_BODY = 4 * 1024 * 1024;

function describe({ manifest }: Model, tower: TowerName) {
  const { size } = manifest.image;
  return {
    name: tower,
    versions: [manifest.pack.slice(7, 15)],
    platform: "onnxruntime_onnx",
    inputs: [
      tower === "vision"
        ? { name: "pixels", datatype: "UINT8", shape: [-1, size, size, 3] }
        : { name: "input_ids", datatype: "INT32", shape: [-1, -1] },
    ],
    outputs: [{ name: "embedding", datatype: "FP32", shape: [-1, manifest.embed_dim] }],
    parameters: { id: manifest.id, space: manifest.space, pack: manifest.pack },
  };
}

/** @returns the Worker of a tower; its model is loaded by the first request and kept */
export function modelWorker(tower: TowerName): ExportedHandler<ModelEnv> {
  let source: Fetcher | undefined;
  const load = memoize(() => loadModel((name) => (source ?? missing()).fetch(`https://assets.local/${name}`), tower));
  const model = (request: IRequest) => {
    if (request.params.model !== tower) throw new Problem("model_not_found", `This Worker serves the model ${tower}.`);
    return load();
  };
  const router = AutoRouter({
    catch: (error: unknown) => Problem.from(error).toResponse(),
    missing: () => new Problem("not_found", "No such path.").toResponse(),
  });
  router
    .get("/v2", () => ({ name: "edgeclip", version: "0.1.0", extensions: ["binary_tensor_data"] }))
    .get("/v2/health/live", () => ({ live: true }))
    .get("/v2/health/ready", async () => ({ ready: Boolean(await load()) }))
    .get("/v2/models/:model", async (request: IRequest) => describe(await model(request), tower))
    .get("/v2/models/:model/ready", async (request: IRequest) => {
      const loaded = await model(request);
      await checkCanary(loaded, tower);
      return { name: tower, ready: true, wasm_bytes: wasmBytes() };
    })
    .post("/v2/models/:model/infer", async (request: IRequest) => {
      const loaded = await model(request);
      const { header, inputs } = decodeRequest(await readBody(request, MAX_BODY), request.headers.get(HEADER_LENGTH));
      const input = checkInput(inputs, tower, loaded.manifest);
      const data = await loaded.encode(input);
      const shape = [input.shape[0] ?? 0, loaded.manifest.embed_dim];
      const version = loaded.manifest.pack.slice(7, 15);
      const { headers, body } = encodeResponse({ name: tower, version }, header, [
        { name: "embedding", datatype: "FP32", shape, data },
      ]);
      return new Response(body, { headers });
    });
  return {
    fetch(request, env, context) {
      source = env.ASSETS;
      // A client that goes away while the model loads must not leave a promise behind that never settles.
      context.waitUntil(load().catch(() => undefined));
      return router.fetch(request);
    },
  };
}

const missing = (): never => {
  throw new Problem("model_unavailable", "The Worker has no ASSETS binding.");
};
