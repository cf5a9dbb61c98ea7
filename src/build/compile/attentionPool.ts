// Attention pooling: the mean of all places asks, every place answers.
import type { Graph } from "../onnx/graph.ts";
import type { Precision } from "./precision.ts";
import type { Tensors } from "./tensors.ts";
import { attention } from "./transformer.ts";

export interface AttentionPoolConfig {
  /** Places along an edge of the last feature map. */
  side: number;
  width: number;
  heads: number;
  embedDim: number;
  /** float [N, width, side, side] */
  features: string;
}

/** @returns float [N, D], not normalised */
export function attentionPool(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  config: AttentionPoolConfig,
): string {
  const { side, width, heads, embedDim, features } = config;
  const name = "visual.attnpool";
  const places = side * side;
  const flat = graph.node("Reshape", [features, graph.int64s(0, width, places)]);
  const sequence = graph.node("Transpose", [flat], { perm: [0, 2, 1] });
  const mean = graph.node("ReduceMean", [sequence, graph.int64s(1)], { keepdims: 1 });
  const positional = tensors.read(`${name}.positional_embedding`, [places + 1, width]);
  const positions = graph.weight(`${name}.positional_embedding`, [places + 1, width], positional);
  const tokens = graph.node("Add", [graph.node("Concat", [mean, sequence], { axis: 1 }), positions]);
  const query = graph.node("Slice", [tokens, graph.int64s(0), graph.int64s(1), graph.int64s(1)]);

  const linear = (x: string, part: string, outputs: number) =>
    precision.linear(graph, x, {
      name: `${name}.${part}`,
      weight: tensors.read(`${name}.${part}.weight`, [outputs, width]),
      bias: tensors.read(`${name}.${part}.bias`, [outputs]),
      inputs: width,
      outputs,
    });
  const headWidth = width / heads;
  const heading = (x: string) =>
    graph.node("Transpose", [graph.node("Reshape", [x, graph.int64s(0, 0, heads, headWidth)])], { perm: [0, 2, 1, 3] });
  const q = heading(linear(query, "q_proj", width));
  const k = heading(linear(tokens, "k_proj", width));
  const v = heading(linear(tokens, "v_proj", width));
  const pooled = linear(attention(graph, q, k, v, headWidth, width), "c_proj", embedDim);
  return graph.node("Squeeze", [pooled, graph.int64s(1)]);
}
