// What the backend tells Prometheus.
import type { Manifest, TowerName } from "../core/pack/manifest.ts";
import type { Batcher } from "./batcher.ts";
import { Metrics } from "./metrics.ts";

const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface BackendMetrics {
  answered(model: TowerName, status: number, seconds: number): void;
  ran(model: TowerName, rows: number, seconds: number): void;
  text(): string;
  /** For what else the backend has to tell. */
  registry: Metrics;
}

/** @param provider what the towers run on, once that is known */
export function createMetrics(
  manifest: Manifest,
  batchers: ReadonlyMap<TowerName, Batcher>,
  provider: () => string,
): BackendMetrics {
  const metrics = new Metrics();
  metrics.read("gauge", "edgeclip_backend_info", "The pack that is served and what it runs on.", () => [
    { labels: { id: manifest.id, pack: manifest.pack, space: manifest.space, provider: provider() }, value: 1 },
  ]);
  const requests = metrics.counter("edgeclip_requests_total", "Inference requests by HTTP status.");
  const inputs = metrics.counter("edgeclip_inputs_total", "Pictures (vision) and texts (text) encoded.");
  const latency = metrics.histogram("edgeclip_request_seconds", "From a request's headers to its answer.", SECONDS);
  const sizes = metrics.histogram("edgeclip_batch_size", "Inputs of one run.", BATCH_SIZES);
  const runs = metrics.histogram("edgeclip_run_seconds", "One run of the engine.", SECONDS);
  metrics.read("gauge", "edgeclip_queue_length", "Inputs that wait for a run.", () =>
    [...batchers].map(([model, batcher]) => ({ labels: { model }, value: batcher.waiting })),
  );
  metrics.read("gauge", "process_resident_memory_bytes", "Resident memory size in bytes.", () => [
    { value: process.memoryUsage.rss() },
  ]);
  metrics.read("counter", "process_cpu_seconds_total", "User and system CPU time in seconds.", () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / 1e6 }];
  });
  return {
    answered(model, status, seconds) {
      requests({ model, status });
      latency({ model }, seconds);
    },
    ran(model, rows, seconds) {
      inputs({ model }, rows);
      sizes({ model }, rows);
      runs({ model }, seconds);
    },
    text: () => metrics.toString(),
    registry: metrics,
  };
}
