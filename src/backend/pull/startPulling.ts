// Pull mode: the deployment is asked which model it wants, then chunks are worked on until the backend stops.
import { setTimeout as sleep } from "node:timers/promises";
import type { PullModel } from "../../core/batch/pulled.ts";
import type { Tensor } from "../../core/oip/tensor.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { Problem } from "../../core/problem.ts";
import type { Batcher } from "../batcher.ts";
import type { Metrics } from "../metrics.ts";
import type { Options } from "../options.ts";
import { PullApi } from "./api.ts";
import { Puller } from "./puller.ts";
import { pullMetrics } from "./pullMetrics.ts";
import { PullQueue } from "./queue.ts";
import type { PullSettings } from "./settings.ts";
import { workMessage } from "./workMessage.ts";

const ROOM_POLL_MS = 20;

export const pullModelOf = ({ id, space, pack, embed_dim, image }: Manifest): PullModel => ({
  ...{ id, space, pack, embed_dim },
  ...{ size: image.size, resize: image.resize, interpolation: image.interpolation },
});

/** @throws Error where the deployment wants another model: its batches are not for this backend */
async function checkModel(api: PullApi, own: PullModel, log: (line: string) => void): Promise<void> {
  let wanted: PullModel;
  try {
    wanted = await api.model();
  } catch (error) {
    // Only what cannot be cured by waiting ends the start.
    if (error instanceof Problem && error.status < 500 && error.status !== 429) throw error;
    log(`the api does not answer yet: ${error instanceof Error ? error.message : error}`);
    return;
  }
  const differs = (["space", "embed_dim", "size", "resize", "interpolation"] as const).filter(
    (field) => wanted[field] !== own[field],
  );
  if (differs.length === 0) return;
  const told = differs.map((field) => `${field} ${wanted[field]}, here ${own[field]}`).join("; ");
  throw new Error(`The deployment's batches are for another model: ${told}.`);
}

/** Chunks wait for the engine; only who asks over HTTP is told to come again. */
async function whenThereIsRoom(batcher: Batcher, pixels: Tensor, signal: AbortSignal): Promise<Float32Array> {
  for (;;) {
    try {
      return await batcher.add(pixels, signal);
    } catch (error) {
      if (!(error instanceof Problem && error.code === "rate_limited")) throw error;
      await sleep(ROOM_POLL_MS, undefined, { signal });
    }
  }
}

export async function startPulling(
  settings: PullSettings,
  { pullChunks, pullLeaseSeconds, maxBatch }: Options,
  manifest: Manifest,
  batcher: Batcher,
  registry: Metrics,
  log: (line: string) => void,
): Promise<Puller> {
  const api = new PullApi(settings.apiUrl, settings.apiKey);
  const model = pullModelOf(manifest);
  log(`pulls batches for ${settings.apiUrl}; there PULL_MODEL must be ${JSON.stringify(model)}`);
  await checkModel(api, model, log);
  const metrics = pullMetrics(registry, () => puller.working);
  const options = {
    ...{ api, metrics, log, space: model.space, leaseSeconds: pullLeaseSeconds },
    ...{ size: model.size, width: model.embed_dim, most: maxBatch },
    encode: (pixels: Tensor, signal: AbortSignal) => whenThereIsRoom(batcher, pixels, signal),
  };
  const puller: Puller = new Puller({
    queue: new PullQueue(settings.messagesUrl, settings.token),
    ...{ chunks: pullChunks, leaseSeconds: pullLeaseSeconds, metrics, log },
    work: (message, stop) => workMessage(message, options, stop),
  });
  puller.start();
  return puller;
}
