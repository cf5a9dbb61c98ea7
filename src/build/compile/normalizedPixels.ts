// The picture's way into a vision tower: uint8 pixels, and the normalisation constants inside the graph.
import type { Graph } from "../onnx/graph.ts";

export interface ImageNorm {
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
}

/** @returns the name of the input `pixels`: uint8 [N, S, S, 3] */
export const pixelInput = (graph: Graph, size: number): string => graph.input("pixels", "UINT8", ["N", size, size, 3]);

/** (pixel / 255 - mean) / std, per channel. @returns float [N, S, S, 3] */
export function normalizedPixels(graph: Graph, pixels: string, { mean, std }: ImageNorm): string {
  const float = graph.node("Cast", [pixels], { to: 1 });
  const centred = graph.node("Sub", [
    float,
    graph.floats(
      [3],
      mean.map((value) => value * 255),
    ),
  ]);
  return graph.node("Mul", [
    centred,
    graph.floats(
      [3],
      std.map((value) => 1 / (value * 255)),
    ),
  ]);
}
