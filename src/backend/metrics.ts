// Counters, gauges and histograms in Prometheus' text format 0.0.4.

type Labels = Record<string, string | number>;

const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function series(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(String(value))}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

interface Metric {
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram";
  lines(): string[];
}

interface HistogramState {
  labels: Labels;
  /** Observations at or below each bound, not yet summed up. */
  counts: number[];
  sum: number;
  count: number;
}

export class Metrics {
  readonly #metrics: Metric[] = [];

  /** @returns adds to the counter of these labels */
  counter(name: string, help: string): (labels: Labels, by?: number) => void {
    const values = new Map<string, number>();
    const lines = () => [...values].map(([key, value]) => `${key} ${value}`);
    this.#metrics.push({ name, help, type: "counter", lines });
    return (labels, by = 1) => {
      const key = series(name, labels);
      values.set(key, (values.get(key) ?? 0) + by);
    };
  }

  /** @param read is asked whenever the metrics are */
  read(type: "counter" | "gauge", name: string, help: string, read: () => { labels?: Labels; value: number }[]): void {
    const lines = () => read().map(({ labels = {}, value }) => `${series(name, labels)} ${value}`);
    this.#metrics.push({ name, help, type, lines });
  }

  /** @param bounds upper bounds, ascending; +Inf is added. @returns observes a value */
  histogram(name: string, help: string, bounds: readonly number[]): (labels: Labels, value: number) => void {
    const states = new Map<string, HistogramState>();
    const lines = () =>
      [...states.values()].flatMap(({ labels, counts, sum, count }) => {
        let below = 0;
        const buckets = bounds.map((bound, at) => {
          below += counts[at] ?? 0;
          return `${series(`${name}_bucket`, { ...labels, le: bound })} ${below}`;
        });
        return [
          ...buckets,
          `${series(`${name}_bucket`, { ...labels, le: "+Inf" })} ${count}`,
          `${series(`${name}_sum`, labels)} ${sum}`,
          `${series(`${name}_count`, labels)} ${count}`,
        ];
      });
    this.#metrics.push({ name, help, type: "histogram", lines });
    return (labels, value) => {
      const key = series(name, labels);
      const state = states.get(key) ?? { labels, counts: bounds.map(() => 0), sum: 0, count: 0 };
      states.set(key, state);
      const at = bounds.findIndex((bound) => value <= bound);
      if (at >= 0) state.counts[at] = (state.counts[at] ?? 0) + 1;
      state.sum += value;
      state.count++;
    };
  }

  toString(): string {
    const text = this.#metrics.flatMap(({ name, help, type, lines }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...lines(),
    ]);
    return `${text.join("\n")}\n`;
  }
}
