// The residual attention blocks that both towers of CLIP are made of: pre-norm, multi-head attention, MLP.
// Structure: https://github.com/mlfoundations/open_clip/blob/main/src/open_clip/transformer.py
import type { Graph } from "../onnx/graph.ts";
import type { Precision } from "./precision.ts";
import type { Tensors } from "./tensors.ts";

/** PyTorch's default. */
const LAYER_NORM_EPSILON = 1e-5;

export interface TransformerConfig {
  /** e.g. `visual.transformer.` */
  prefix: string;
  layers: number;
  width: number;
  heads: number;
  mlpRatio: number;
  quickGelu: boolean;
  /** Added to the attention scores: float [T, T]. */
  mask?: string;
}

/** @param x float [..., width] */
export function layerNorm(graph: Graph, tensors: Tensors, name: string, x: string, width: number): string {
  const scale = graph.weight(`${name}.weight`, [width], tensors.read(`${name}.weight`, [width]));
  const bias = graph.weight(`${name}.bias`, [width], tensors.read(`${name}.bias`, [width]));
  return graph.node("LayerNormalization", [x, scale, bias], { axis: -1, epsilon: { float: LAYER_NORM_EPSILON } });
}

function activate(graph: Graph, x: string, quickGelu: boolean): string {
  if (!quickGelu) return graph.node("Gelu", [x]);
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

/** @param x float [N, T, width]; @returns the same shape */
export function transformer(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  config: TransformerConfig,
  x: string,
): string {
  const { prefix, layers, width, heads, mlpRatio, quickGelu, mask } = config;
  const headWidth = width / heads;
  const hidden = Math.trunc(width * mlpRatio);
  const linear = (input: string, name: string, weightName: string, biasName: string, inputs: number, outputs: number) =>
    precision.linear(graph, input, {
      name,
      weight: tensors.read(weightName, [outputs, inputs]),
      bias: tensors.read(biasName, [outputs]),
      inputs,
      outputs,
    });

  let stream = x;
  for (let layer = 0; layer < layers; layer++) {
    const block = `${prefix}resblocks.${layer}`;
    const normed = layerNorm(graph, tensors, `${block}.ln_1`, stream, width);
    const inProj = `${block}.attn.in_proj`;
    const qkv = linear(normed, inProj, `${inProj}_weight`, `${inProj}_bias`, width, 3 * width);
    const parted = graph.node("Reshape", [qkv, graph.int64s(0, 0, 3, heads, headWidth)]);
    const turned = graph.node("Transpose", [parted], { perm: [2, 0, 3, 1, 4] });
    const [q, k, v] = [0, 1, 2].map((index) => graph.node("Gather", [turned, graph.int64(index)], { axis: 0 }));
    const mixed = attention(graph, q ?? "", k ?? "", v ?? "", headWidth, width, mask);
    const outProj = `${block}.attn.out_proj`;
    stream = graph.node("Add", [stream, linear(mixed, outProj, `${outProj}.weight`, `${outProj}.bias`, width, width)]);

    const widened = `${block}.mlp.c_fc`;
    const inner = linear(
      layerNorm(graph, tensors, `${block}.ln_2`, stream, width),
      widened,
      `${widened}.weight`,
      `${widened}.bias`,
      width,
      hidden,
    );
    const back = `${block}.mlp.c_proj`;
    stream = graph.node("Add", [
      stream,
      linear(activate(graph, inner, quickGelu), back, `${back}.weight`, `${back}.bias`, hidden, width),
    ]);
  }
  return stream;
}

/** The final projection and the L2 norm. @param pooled float [N, width]; @returns unit vectors [N, D] */
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
  return unit(graph, precision.linear(graph, pooled, { name, weight, inputs: width, outputs: dim }));
}

/** @param x float [N, D]; @returns x / |x| */
export function unit(graph: Graph, x: string): string {
  const length = graph.node("ReduceL2", [x, graph.int64s(-1)], { keepdims: 1 });
  return graph.node("Div", [x, graph.node("Max", [length, graph.float(1e-12)])]);
}
