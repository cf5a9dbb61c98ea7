// The Open Inference Protocol v2 over the towers of one pack: health, metadata, inference in shared batches, metrics.
import { type IRequest, Router } from "itty-router";
import { answerInfer } from "../core/oip/answerInfer.ts";
import { HEADER_LENGTH } from "../core/oip/decode.ts";
import { errorResponse } from "../core/oip/errorResponse.ts";
import { checkVersion, SERVER_METADATA, servedMetadata } from "../core/oip/metadata.ts";
import type { InferRequestHeader } from "../core/oip/schema.ts";
import type { Manifest, TowerName } from "../core/pack/manifest.ts";
import { Problem } from "../core/problem.ts";
import { checkKey } from "./auth.ts";
import type { BackendMetrics } from "./backendMetrics.ts";
import type { Batcher } from "./batcher.ts";
import { Room } from "./room.ts";
import type { BackendRequest } from "./serve.ts";

export interface BackendState {
  status: "loading" | "ready" | "draining";
  manifest: Manifest;
  towers: readonly TowerName[];
  /** Of the towers that are loaded. */
  batchers: Map<TowerName, Batcher>;
}

export interface AppOptions {
  state: BackendState;
  keys: readonly Buffer[];
  deadlineMs: number;
  metrics: BackendMetrics;
}

/** Of one request; a batch has its own size. */
const BOUNDS = { pictures: 64, tokens: 65_536 };
/** For the JSON in front of binary tensors. */
const HEADER_BYTES = 64 * 1024;
/** Of a body that is JSON all through, whose numbers take many times their size to parse. */
const MAX_JSON = 16 * 2 ** 20;

/** Bodies held at once. */
const MAX_HELD = 512 * 2 ** 20;

const PUBLIC = new Set(["/v2/health/live", "/v2/health/ready"]);
const MODEL_PATHS = ["/v2/models/:model", "/v2/models/:model/versions/:version"];

function bodyCap({ image }: Manifest, tower: TowerName, binary: boolean): number {
  if (!binary) return MAX_JSON;
  return HEADER_BYTES + (tower === "vision" ? BOUNDS.pictures * image.size * image.size * 3 : BOUNDS.tokens * 4);
}

/** Microseconds that the client gives its request, as Triton's clients name them; no more than the backend's own. */
function deadlineOf({ parameters }: InferRequestHeader, deadlineMs: number): number {
  const asked = parameters?.timeout;
  return typeof asked === "number" && asked > 0 ? Math.min(deadlineMs, Math.ceil(asked / 1_000)) : deadlineMs;
}

/** Aborts with `overloaded` after so long, or when the client goes away. */
async function within<T>(ms: number, gone: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Problem("overloaded", `Not done within ${ms} ms. Try again.`)), ms);
  try {
    return await work(AbortSignal.any([late.signal, gone]));
  } finally {
    clearTimeout(timer);
  }
}

/** A failure as the client sees it; a defect goes to the log, found by the request id. */
function refuse(error: unknown): Response {
  const instance = crypto.randomUUID();
  const problem = Problem.from(error);
  if (problem.code === "internal_error") console.error(instance, problem.cause);
  return errorResponse(problem, instance);
}

export function createApp({
  state,
  keys,
  deadlineMs,
  metrics,
}: AppOptions): (request: BackendRequest) => Promise<Response> {
  const { manifest, towers, batchers } = state;
  const room = new Room(MAX_HELD);
  const towerOf = ({ params }: IRequest): TowerName => {
    const tower = towers.find((name) => name === params.model);
    if (!tower) throw new Problem("model_not_found", `This backend serves ${towers.join(" and ")}.`);
    checkVersion(manifest, params.version);
    return tower;
  };
  const batcherOf = (tower: TowerName): Batcher => {
    const batcher = batchers.get(tower);
    if (!batcher || state.status === "loading") throw new Problem("model_unavailable", "The model is being loaded.");
    if (state.status === "draining")
      throw new Problem("overloaded", "This backend is stopping. Try again, or another one.");
    return batcher;
  };
  const ready = () =>
    Response.json({ ready: state.status === "ready" }, { status: state.status === "ready" ? 200 : 503 });

  async function run(request: BackendRequest, tower: TowerName): Promise<Response> {
    const batcher = batcherOf(tower);
    // Before the body is read: a full queue must not fill the memory.
    batcher.admit(1);
    const headerLength = request.headers.get(HEADER_LENGTH);
    const cap = bodyCap(manifest, tower, headerLength !== null);
    const served = {
      tower,
      manifest,
      bounds: BOUNDS,
      encode: (input: Parameters<Batcher["add"]>[0], header: InferRequestHeader) =>
        within(deadlineOf(header, deadlineMs), request.signal, (signal) => batcher.add(input, signal)),
    };
    // What is packed may unpack to anything up to the cap.
    const packed = (request.headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity";
    const { headers, body } = await room.hold(packed ? cap : Math.min(request.declared, cap), async () =>
      answerInfer(served, await request.body(cap), headerLength),
    );
    return new Response(body, { headers });
  }

  const router = Router<IRequest & BackendRequest>({
    before: [
      ({ headers, url }) => {
        if (!PUBLIC.has(new URL(url).pathname)) checkKey(keys, headers);
      },
    ],
    catch: refuse,
    finally: [(answer?: Response) => answer ?? refuse(new Problem("not_found", "No such path."))],
  });
  router
    .get("/v2", () => Response.json(SERVER_METADATA))
    .get("/v2/health/live", () => Response.json({ live: true }))
    .get("/v2/health/ready", ready)
    .get("/metrics", () => new Response(metrics.text(), { headers: { "content-type": "text/plain; version=0.0.4" } }));
  for (const path of MODEL_PATHS) {
    router
      .get(path, (request) => Response.json(servedMetadata(manifest, towerOf(request), BOUNDS)))
      .get(`${path}/ready`, (request) => {
        const name = towerOf(request);
        return state.status === "ready" ? Response.json({ name, ready: true }) : ready();
      })
      .post(`${path}/infer`, async (request) => {
        const tower = towerOf(request);
        const start = performance.now();
        const answer = await run(request, tower).catch((error: unknown) =>
          // Nobody reads it any more; the status is for the metrics, as proxies name it.
          request.signal.aborted ? new Response(null, { status: 499 }) : refuse(error),
        );
        metrics.answered(tower, answer.status, (performance.now() - start) / 1_000);
        return answer;
      });
  }
  return (request) => router.fetch(request);
}
