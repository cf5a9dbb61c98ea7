// The residual attention blocks that both towers of CLIP are made of: pre-norm, multi-head attention, MLP.
// Structure: https://github.com/mlfoundations/open_clip/blob/main/src/open_clip/transformer.py
import type { ActivationName, BlocksModel } from "../checkpoint/model.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Stage } from "./plan.ts";
import type { Precision } from "./precision.ts";
import type { Tensors } from "./tensors.ts";

/** @param x float [..., width] */
export function layerNorm(
  graph: Graph,
  tensors: Tensors,
  name: string,
  x: string,
  { width, epsilon }: Pick<BlocksModel, "width" | "epsilon">,
): string {
  // The last layer norm may be asked for more than once.
  const own = (part: string) => (graph.holds(part) ? part : graph.weight(part, [width], tensors.read(part, [width])));
  return graph.node("LayerNormalization", [x, own(`${name}.weight`), own(`${name}.bias`)], {
    axis: -1,
    epsilon: { float: epsilon },
  });
}

function activate(graph: Graph, x: string, activation: ActivationName): string {
  if (activation === "gelu") return graph.node("Gelu", [x]);
  if (activation === "gelu_tanh") return graph.node("Gelu", [x], { approximate: "tanh" });
  return graph.node("Mul", [x, graph.node("Sigmoid", [graph.node("Mul", [x, graph.float(1.702)])])]);
}

/** softmax(q k^T / sqrt(d) + mask) v. @param q, k, v float [N, heads, T, d]; @returns float [N, T, heads * d] */
export function attention(
  graph: Graph,
  q: string,
  k: string,
  v: string,
  headWidth: number,
  width: number,
  mask?: string,
): string {
  const scaled = graph.node("Mul", [q, graph.float(headWidth ** -0.5)]);
  const scores = graph.node("MatMul", [scaled, graph.node("Transpose", [k], { perm: [0, 1, 3, 2] })]);
  const weights = graph.node("Softmax", [mask ? graph.node("Add", [scores, mask]) : scores], { axis: -1 });
  const heads = graph.node("Transpose", [graph.node("MatMul", [weights, v])], { perm: [0, 2, 1, 3] });
  return graph.node("Reshape", [heads, graph.int64s(0, 0, width)]);
}

/**
 * One residual attention block.
 * @param x float [N, T, width]
 * @param name e.g. `visual.transformer.resblocks.0`
 * @param mask added to the attention scores: float [T, T] or [N, 1, T, T]
 * @returns the same shape
 */
function residualBlock(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  config: BlocksModel,
  name: string,
  x: string,
  mask?: string,
): string {
  const { width, heads, hidden } = config;
  const headWidth = width / heads;
  const linear = (input: string, layer: string, part: string, inputs: number, outputs: number, scale?: string) => {
    const weight = tensors.read(`${layer}${part}weight`, [outputs, inputs]);
    const bias = tensors.read(`${layer}${part}bias`, [outputs]);
    if (scale && config.layerScale) scaleRows(weight, bias, tensors.read(scale, [outputs]));
    return precision.linear(graph, input, { name: layer, weight, bias, inputs, outputs });
  };

  const normed = layerNorm(graph, tensors, `${name}.ln_1`, x, config);
  const qkv = linear(normed, `${name}.attn.in_proj`, "_", width, 3 * width);
  const parted = graph.node("Reshape", [qkv, graph.int64s(0, 0, 3, heads, headWidth)]);
  const turned = graph.node("Transpose", [parted], { perm: [2, 0, 3, 1, 4] });
  const [q, k, v] = [0, 1, 2].map((index) => graph.node("Gather", [turned, graph.int64(index)], { axis: 0 }));
  const mixed = attention(graph, q ?? "", k ?? "", v ?? "", headWidth, width, mask);
  const attended = linear(mixed, `${name}.attn.out_proj`, ".", width, width, `${name}.ls_1.gamma`);
  const stream = graph.node("Add", [x, attended]);

  const inner = linear(
    layerNorm(graph, tensors, `${name}.ln_2`, stream, config),
    `${name}.mlp.c_fc`,
    ".",
    width,
    hidden,
  );
  const active = activate(graph, inner, config.activation);
  return graph.node("Add", [stream, linear(active, `${name}.mlp.c_proj`, ".", hidden, width, `${name}.ls_2.gamma`)]);
}

/** A layer scale behind a linear layer is a scale of its rows. */
function scaleRows(weight: Float32Array, bias: Float32Array, scale: Float32Array): void {
  const inputs = weight.length / scale.length;
  for (const [row, factor] of scale.entries()) {
    for (let i = row * inputs; i < (row + 1) * inputs; i++) weight[i] = (weight[i] ?? 0) * factor;
    bias[row] = (bias[row] ?? 0) * factor;
  }
}

/**
 * A stage a block.
 * @param prefix e.g. `visual.transformer.`
 * @param mask added to the attention scores: float [T, T] or [N, 1, T, T]
 */
export const blockStages = (
  precision: Precision,
  tensors: Tensors,
  config: BlocksModel,
  prefix: string,
  mask: (graph: Graph, input: string) => string | undefined = () => undefined,
): Stage[] =>
  Array.from({ length: config.layers }, (_, layer) => ({
    build: (graph, input, x) =>
      residualBlock(graph, precision, tensors, config, `${prefix}resblocks.${layer}`, x, mask(graph, input)),
  }));

/** The final projection. @param pooled float [N, width]; @returns float [N, D] */
export function project(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  name: string,
  pooled: string,
  width: number,
  dim: number,
): string {
  // CLIP keeps projections as [width, D], a linear layer as [D, width].
  const kept = tensors.read(name, [width, dim]);
  const weight = new Float32Array(kept.length);
  for (let i = 0; i < width; i++) for (let o = 0; o < dim; o++) weight[o * width + i] = kept[i * dim + o] ?? 0;
  return precision.linear(graph, pooled, { name, weight, inputs: width, outputs: dim });
}

/** @param x float [N, D]; @returns x / |x| */
export function unit(graph: Graph, x: string): string {
  const length = graph.node("ReduceL2", [x, graph.int64s(-1)], { keepdims: 1 });
  return graph.node("Div", [x, graph.node("Max", [length, graph.float(1e-12)])]);
}
