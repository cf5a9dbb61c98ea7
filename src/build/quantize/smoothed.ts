// Outliers divided by a multiplication of their own in front of a linear layer, and taken back in its weights: where it is not known
// what makes them, or what makes them lets no factor through, as GELU.
import type { Linear, Precision } from "../compile/precision.ts";
import type { Graph } from "../onnx/graph.ts";
import type { ObservedLayer } from "./observeLayers.ts";
import { scaleColumns, smoothingOf } from "./smoothing.ts";

/** Layers whose largest channel is fewer times the middle one are left alone: the multiplication is not for nothing. */
const OUTLIER = 8;

/** @param layers as they were seen in fp32; others are left alone */
export function smoothed(precision: Precision, layers: ReadonlyMap<string, ObservedLayer>): Precision {
  /** @param dims of the factors, beside the input's */
  const divided = (graph: Graph, x: string, layer: Linear, dims: number[]): [x: string, layer: Linear] => {
    const largest = layers.get(layer.name)?.largest;
    if (!largest || !hasOutliers(largest)) return [x, layer];
    const factors = smoothingOf(largest, layer.weight);
    const inverse = graph.weight(
      `${layer.name}.smoothing`,
      dims,
      factors.map((factor) => 1 / factor),
    );
    const weight = layer.weight.slice();
    scaleColumns(weight, factors);
    return [graph.node("Mul", [x, inverse]), { ...layer, weight }];
  };
  return {
    ...precision,
    linear: (graph, x, layer) => precision.linear(graph, ...divided(graph, x, layer, [layer.inputs])),
    pointwise: (graph, x, layer) => precision.pointwise(graph, ...divided(graph, x, layer, [layer.inputs, 1, 1])),
  };
}

function hasOutliers(largest: Float32Array): boolean {
  const sorted = largest.toSorted();
  return (sorted.at(-1) ?? 0) > OUTLIER * (sorted[sorted.length >> 1] ?? 0);
}
