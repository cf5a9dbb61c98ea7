// CLIP's text transformer: attention over the tokens, one of them pooled, projected.
// Structure: open_clip's TextTransformer.
import type { TextModel } from "../checkpoint/model.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Precision } from "./precision.ts";
import type { Tensors } from "./tensors.ts";
import { attentionMask } from "./textMask.ts";
import { layerNorm, project, transformer, unit } from "./transformer.ts";

export function textTransformer(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  config: TextModel,
  embedDim: number,
): void {
  const { context, vocab, blocks, pool } = config;
  const { width } = blocks;
  const ids = graph.input("input_ids", "INT32", ["N", "T"]);
  const table = tensors.read("token_embedding.weight", [vocab, width]);
  let tokens = precision.embedding(graph, ids, "token_embedding.weight", table, vocab, width);
  if (pool === "class_token") tokens = withClassToken(graph, tensors, tokens, width);

  const places = pool === "class_token" ? context + 1 : context;
  const length = graph.node("Shape", [tokens], { start: 1, end: 2 });
  const positional = tensors.read("positional_embedding", [places, width]);
  const positions = graph.weight("positional_embedding", [places, width], positional);
  const used = graph.node("Slice", [positions, graph.int64s(0), length, graph.int64s(0)]);
  const mask = attentionMask(graph, config, ids, length);
  const out = transformer(graph, precision, tensors, blocks, "transformer.", graph.node("Add", [tokens, used]), mask);
  // Layer norm works on each token by itself, so only the pooled one needs it.
  const normed = layerNorm(graph, tensors, "ln_final", pooled(graph, config, ids, length, out), blocks);
  graph.output("embedding", projected(graph, precision, tensors, config, normed, embedDim), ["N", embedDim]);
}

/** @param tokens float [N, T, width]; @returns float [N, T + 1, width] */
function withClassToken(graph: Graph, tensors: Tensors, tokens: string, width: number): string {
  const own = graph.weight("cls_emb", [1, 1, width], tensors.read("cls_emb", [width]));
  const count = graph.node("Shape", [tokens], { start: 0, end: 1 });
  const each = graph.node("Expand", [own, graph.node("Concat", [count, graph.int64s(1, width)], { axis: 0 })]);
  return graph.node("Concat", [tokens, each], { axis: 1 });
}

/** @param out float [N, T, width]; @returns float [N, width] */
function pooled(graph: Graph, { pool, eos }: TextModel, ids: string, length: string, out: string): string {
  if (pool === "first") return graph.node("Gather", [out, graph.int64(0)], { axis: 1 });
  if (pool === "last" || pool === "class_token") return graph.node("Gather", [out, graph.int64(-1)], { axis: 1 });
  // The end-of-text token has the highest id, so CLIP pools at the largest one. A row of zeros and a one picks it.
  const marked = eos === null ? ids : graph.node("Cast", [graph.node("Equal", [ids, graph.int32(eos)])], { to: 6 });
  const end = graph.node("ArgMax", [marked], { axis: 1, keepdims: 1 });
  const steps = graph.node("Range", [graph.int64(0), graph.node("Squeeze", [length]), graph.int64(1)]);
  const picked = graph.node("Cast", [graph.node("Equal", [steps, end])], { to: 1 });
  const row = graph.node("MatMul", [graph.node("Unsqueeze", [picked, graph.int64s(1)]), out]);
  return graph.node("Squeeze", [row, graph.int64s(1)]);
}

/** @param x float [N, width]; @returns unit vectors [N, D] */
function projected(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  { projection, blocks }: TextModel,
  x: string,
  embedDim: number,
): string {
  const { width } = blocks;
  const name = "text_projection";
  switch (projection) {
    case "matrix":
      return project(graph, precision, tensors, name, x, width, embedDim);
    case "linear": {
      const weight = tensors.read(`${name}.weight`, [embedDim, width]);
      const bias = tensors.read(`${name}.bias`, [embedDim]);
      return unit(graph, precision.linear(graph, x, { name, weight, bias, inputs: width, outputs: embedDim }));
    }
    case "none":
      return unit(graph, x);
  }
}
