// The Open Inference Protocol v2 over one tower: server and model metadata, health, inference.
import { AutoRouter, type IRequest } from "itty-router";
import { answerInfer } from "../../core/oip/answerInfer.ts";
import { HEADER_LENGTH } from "../../core/oip/decode.ts";
import { errorResponse } from "../../core/oip/errorResponse.ts";
import { SERVER_METADATA, servedMetadata } from "../../core/oip/metadata.ts";
import { checkCanary } from "../../core/pack/checkCanary.ts";
import type { TowerName } from "../../core/pack/manifest.ts";
import { Problem } from "../../core/problem.ts";
import { readBody } from "../body/readBody.ts";
import { MAX_PICTURES, MAX_TOKENS } from "./limits.ts";
import { memoize } from "./memoize.ts";
import { loadModel } from "./model.ts";
import { wasmBytes } from "./runtime.ts";

export interface ModelEnv {
  ASSETS: Fetcher;
}

const BOUNDS = { pictures: MAX_PICTURES, tokens: MAX_TOKENS };

/** Largest body: the largest batch of pictures of 336 px with its header. */
const MAX_BODY = 4 * 1024 * 1024;

/** @returns the Worker of a tower; its model is loaded by the first request and kept */
export function modelWorker(tower: TowerName): ExportedHandler<ModelEnv> {
  let source: Fetcher | undefined;
  const load = memoize(() => loadModel((name) => (source ?? missing()).fetch(`https://assets.local/${name}`), tower));
  const model = (request: IRequest) => {
    if (request.params.model !== tower) throw new Problem("model_not_found", `This Worker serves the model ${tower}.`);
    return load();
  };
  const router = AutoRouter({
    catch: (error: unknown) => errorResponse(error),
    missing: () => errorResponse(new Problem("not_found", "No such path.")),
  });
  router
    .get("/v2", () => SERVER_METADATA)
    .get("/v2/health/live", () => ({ live: true }))
    .get("/v2/health/ready", async () => ({ ready: Boolean(await load()) }))
    .get("/v2/models/:model", async (request: IRequest) =>
      servedMetadata((await model(request)).manifest, tower, BOUNDS),
    )
    .get("/v2/models/:model/ready", async (request: IRequest) => {
      const loaded = await model(request);
      await checkCanary(loaded, tower);
      return { name: tower, ready: true, wasm_bytes: wasmBytes() };
    })
    .post("/v2/models/:model/infer", async (request: IRequest) => {
      const loaded = await model(request);
      const served = { ...loaded, tower, bounds: BOUNDS };
      const { headers, body } = await answerInfer(
        served,
        await readBody(request, MAX_BODY),
        request.headers.get(HEADER_LENGTH),
      );
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
