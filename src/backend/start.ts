// `npm run backend`: serves a pack over the Open Inference Protocol v2 on ONNX Runtime for Node, until it is told to stop.
import { whenStopped } from "../build/whenStopped.ts";
import type { TowerName } from "../core/pack/manifest.ts";
import { type BackendState, createApp } from "./app.ts";
import { createMetrics } from "./backendMetrics.ts";
import { Batcher } from "./batcher.ts";
import { checkEngine } from "./checkEngine.ts";
import { installBackend } from "./install.ts";
import { openEngines } from "./openEngines.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { findPack, openPack } from "./pack.ts";
import { hasGpu, planProviders } from "./provider.ts";
import { startPulling } from "./pull/startPulling.ts";
import { listen } from "./serve.ts";

const log = (line: string) => console.log(line);

async function main(options: Options): Promise<void> {
  await installBackend(log);
  const gpu = options.provider === "auto" ? hasGpu() : options.provider !== "cpu";
  const pack = await openPack(await findPack(options.pack, gpu));
  const { manifest } = pack;
  const { tries, notes } = planProviders(options.provider, manifest, gpu);

  const batchers = new Map<TowerName, Batcher>();
  const state: BackendState = { status: "loading", manifest, towers: pack.towers, batchers };
  let provider = "none yet";
  const metrics = createMetrics(manifest, batchers, () => provider);
  const app = createApp({ state, keys: options.keys, deadlineMs: options.deadlineMs, metrics });
  const listener = await listen(app, options);
  const url = `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${listener.port}`;

  const engines = await openEngines(tries, pack, options, log);
  provider = engines.provider;
  for (const [tower, engine] of engines.towers) {
    void engine.ended.then((error) => stopWith(error));
    await checkEngine(engine, pack, tower, provider === "cpu" ? 2 : options.maxBatch);
    batchers.set(
      tower,
      new Batcher({
        run: (batch) => engine.run(batch),
        width: manifest.embed_dim,
        pad: manifest.text.pad,
        maxBatch: options.maxBatch,
        maxDelayMs: options.maxDelayMs,
        capacity: options.queue,
        observe: (rows, seconds) => metrics.ran(tower, rows, seconds),
      }),
    );
  }
  const vision = batchers.get("vision");
  const { pull } = options;
  const puller =
    pull && vision ? await startPulling(pull, options, manifest, vision, metrics.registry, log) : undefined;
  state.status = "ready";

  const stop = async (): Promise<void> => {
    if (state.status === "draining") process.exit(1);
    state.status = "draining";
    log("Stopping: requests in flight finish …");
    setTimeout(() => stopWith(new Error(`requests are still in flight after ${options.drainMs} ms`)), options.drainMs);
    // Half of the time is left to give back what does not end by then.
    await Promise.all([listener.close(), puller?.stop(options.drainMs / 2)]);
    process.exit(0);
  };
  whenStopped(() => void stop());

  const why = notes.length > 0 ? ` (${notes.join("; ")})` : "";
  log(`${manifest.id} (${manifest.quantization}, pack ${manifest.pack.slice(7, 15)}) on ${provider}${why}`);
  log(
    options.keys.length === 0
      ? `${url} answers without a key, to this machine only; set BACKEND_KEYS_SHA256 before anything else can reach it`
      : `${url} answers to ${options.keys.length === 1 ? "1 key" : `${options.keys.length} keys`}`,
  );
}

function stopWith(error: unknown): never {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

try {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options) await main(options);
  else console.log(USAGE);
} catch (error) {
  stopWith(error);
}
