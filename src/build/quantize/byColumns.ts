// A linear layer larger than a shard, as several that each make some of its columns.
import type { Linear } from "../compile/precision.ts";
import type { Graph } from "../onnx/graph.ts";

/** @returns how many of the columns go into one shard, where they are shared out evenly */
export function columnsAtOnce(columns: number, columnBytes: number, shardBytes: number): number {
  const most = Math.min(columns, Math.max(1, Math.floor(shardBytes / columnBytes)));
  return Math.ceil(columns / Math.ceil(columns / most));
}

/**
 * @param bytesEach of one weight, as it will be kept
 * @param make the layer over some of its outputs: float [..., outputs]
 * @returns float [..., outputs]
 */
export function byColumns(
  graph: Graph,
  layer: Linear,
  bytesEach: number,
  shardBytes: number,
  make: (part: Linear) => string,
): string {
  const { name, weight, bias, inputs, outputs } = layer;
  const each = columnsAtOnce(outputs, inputs * bytesEach, shardBytes);
  if (each >= outputs) return make(layer);
  const made = Array.from({ length: Math.ceil(outputs / each) }, (_, part) => {
    const [from, to] = [part * each, Math.min(outputs, (part + 1) * each)];
    return make({
      name: `${name}.${part}`,
      weight: weight.slice(from * inputs, to * inputs),
      inputs,
      outputs: to - from,
      ...(bias && { bias: bias.slice(from, to) }),
    });
  });
  return graph.node("Concat", made, { axis: -1 });
}
