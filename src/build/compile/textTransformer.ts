// CLIP's text transformer: causal attention, pooled where the end-of-text token stands, projected.
// Structure: open_clip's TextTransformer.
import type { TextConfig } from "../checkpoint/config.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Precision } from "./precision.ts";
import type { Tensors } from "./tensors.ts";
import { layerNorm, project, transformer } from "./transformer.ts";

export interface TextOptions {
  embedDim: number;
  quickGelu: boolean;
}

export function textTransformer(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  config: TextConfig,
  options: TextOptions,
): void {
  const { context_length: context, vocab_size: vocab, width, heads, layers, mlp_ratio: mlpRatio } = config;
  const ids = graph.input("input_ids", "INT32", ["N", "T"]);
  const table = tensors.read("token_embedding.weight", [vocab, width]);
  const tokens = precision.embedding(graph, ids, "token_embedding.weight", table, vocab, width);

  const length = graph.node("Shape", [ids], { start: 1, end: 2 });
  const positional = tensors.read("positional_embedding", [context, width]);
  const positions = graph.weight("positional_embedding", [context, width], positional);
  const used = graph.node("Slice", [positions, graph.int64s(0), length, graph.int64s(0)]);
  const square = graph.weight("attn_mask", [context, context], causalMask(context));
  const mask = graph.node("Slice", [
    square,
    graph.int64s(0, 0),
    graph.node("Concat", [length, length], { axis: 0 }),
    graph.int64s(0, 1),
  ]);

  const blocks = { prefix: "transformer.", layers, width, heads, mlpRatio, quickGelu: options.quickGelu, mask };
  const out = transformer(graph, precision, tensors, blocks, graph.node("Add", [tokens, used]));

  // The end-of-text token has the highest id, so the reference pools at the largest one. A row of zeros and a one picks it.
  const end = graph.node("ArgMax", [ids], { axis: 1, keepdims: 1 });
  const steps = graph.node("Range", [graph.int64(0), graph.node("Squeeze", [length]), graph.int64(1)]);
  const picked = graph.node("Cast", [graph.node("Equal", [steps, end])], { to: 1 });
  const pooled = graph.node("Squeeze", [
    graph.node("MatMul", [graph.node("Unsqueeze", [picked, graph.int64s(1)]), out]),
    graph.int64s(1),
  ]);
  // Layer norm works on each token by itself, so only the pooled one needs it.
  const normed = layerNorm(graph, tensors, "ln_final", pooled, width);
  graph.output("embedding", project(graph, precision, tensors, "text_projection", normed, width, options.embedDim), [
    "N",
    options.embedDim,
  ]);
}

/** 0 on and below the diagonal; above it a score that softmax turns into 0 exactly */
function causalMask(context: number): Float32Array<ArrayBuffer> {
  const mask = new Float32Array(context * context);
  for (let row = 0; row < context; row++) mask.fill(-1e9, row * context + row + 1, (row + 1) * context);
  return mask;
}
