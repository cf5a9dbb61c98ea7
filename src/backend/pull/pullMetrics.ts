// What a backend that pulls tells Prometheus.
import type { Metrics } from "../metrics.ts";

const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 240, 600];

export interface PullMetrics {
  message(outcome: "acked" | "retried"): void;
  /** @param state as the api told it, or `returned` */
  chunk(state: string, rows: number, seconds: number): void;
  failed(at: "pull" | "ack" | "take" | "encode" | "commit"): void;
}

/** @param working chunks that are worked on */
export function pullMetrics(metrics: Metrics, working: () => number): PullMetrics {
  const messages = metrics.counter("edgeclip_pull_messages_total", "Messages of the pull queue by how they ended.");
  const chunks = metrics.counter("edgeclip_pull_chunks_total", "Chunks by the state that the api told.");
  const lines = metrics.counter("edgeclip_pull_lines_total", "Lines of chunks that were answered.");
  const failures = metrics.counter("edgeclip_pull_failures_total", "What failed on the way, by where.");
  const seconds = metrics.histogram("edgeclip_pull_chunk_seconds", "A chunk from its taking to its end.", SECONDS);
  metrics.read("gauge", "edgeclip_pull_chunks_in_flight", "Chunks that are worked on.", () => [{ value: working() }]);
  return {
    message: (outcome) => messages({ outcome }),
    chunk(state, rows, took) {
      chunks({ state });
      if (state === "answered") lines({}, rows);
      seconds({}, took);
    },
    failed: (at) => failures({ at }),
  };
}
