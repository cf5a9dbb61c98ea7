// Outliers divided by a multiplication of their own in front of a linear layer, and taken back in its weights: where it is not known
// what makes them, or what makes them lets no factor through, as GELU.
import type { Precision } from "../compile/precision.ts";
import type { ObservedLayer } from "./observeLayers.ts";
import { scaleColumns, smoothingOf } from "./smoothing.ts";

/** Layers whose largest channel is fewer times the middle one are left alone: the multiplication is not for nothing. */
const OUTLIER = 8;

/** @param layers as they were seen in fp32; others are left alone */
export const smoothed = (precision: Precision, layers: ReadonlyMap<string, ObservedLayer>): Precision => ({
  ...precision,
  linear(graph, x, layer) {
    const largest = layers.get(layer.name)?.largest;
    if (!largest || !hasOutliers(largest)) return precision.linear(graph, x, layer);
    const factors = smoothingOf(largest, layer.weight);
    const inverse = factors.map((factor) => 1 / factor);
    const divided = graph.node("Mul", [x, graph.weight(`${layer.name}.smoothing`, [layer.inputs], inverse)]);
    const weight = layer.weight.slice();
    scaleColumns(weight, factors);
    return precision.linear(graph, divided, { ...layer, weight });
  },
});

export function hasOutliers(largest: Float32Array): boolean {
  const sorted = largest.toSorted();
  return (sorted.at(-1) ?? 0) > OUTLIER * (sorted[sorted.length >> 1] ?? 0);
}
