// CLIP's Vision Transformer: patches and a class token, residual attention blocks, one pooled vector, projected.
// Paper: https://arxiv.org/abs/2103.00020; structure: open_clip's VisionTransformer.
import type { VisionTransformerModel } from "../checkpoint/model.ts";
import type { Graph } from "../onnx/graph.ts";
import { attentionalPooler } from "./attentionalPooler.ts";
import { inPixelOrder } from "./inPixelOrder.ts";
import { type ImageNorm, normalizedPixels, pixelInput } from "./normalizedPixels.ts";
import type { Plan, Stage } from "./plan.ts";
import type { Precision } from "./precision.ts";
import type { Tensors } from "./tensors.ts";
import { blockStages, layerNorm, project, unit } from "./transformer.ts";

export interface VisionOptions {
  norm: ImageNorm;
  embedDim: number;
}

export function visionTransformer(
  precision: Precision,
  tensors: Tensors,
  config: VisionTransformerModel,
  { norm, embedDim }: VisionOptions,
): Plan {
  const { size, blocks, preNorm } = config;
  const first: Stage = {
    build: (graph, pixels) => {
      const sequence = embedPatches(graph, precision, tensors, config, norm, pixels);
      return preNorm ? layerNorm(graph, tensors, "visual.ln_pre", sequence, blocks) : sequence;
    },
  };
  const last: Stage = {
    build: (graph, _pixels, x) => {
      const pooled = pool(graph, precision, tensors, config, embedDim, x);
      const width = config.attentionPool ? embedDim : blocks.width;
      return unit(graph, project(graph, precision, tensors, "visual.proj", pooled, width, embedDim));
    },
  };
  return {
    input: (graph) => pixelInput(graph, size),
    stages: [first, ...blockStages(precision, tensors, blocks, "visual.transformer."), last],
    embedDim,
  };
}

/** @returns float [N, 1 + patches, width], positions added */
function embedPatches(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  config: VisionTransformerModel,
  norm: ImageNorm,
  uint8: string,
): string {
  const { size, patch } = config;
  const { width } = config.blocks;
  const grid = size / patch;
  const inputs = patch * patch * 3;
  const pixels = normalizedPixels(graph, uint8, norm);
  // A convolution whose stride is its kernel is a linear layer over patches; weights are put in the pixels' own order.
  const cut = graph.node("Reshape", [pixels, graph.int64s(-1, grid, patch, grid, patch * 3)]);
  const patches = graph.node("Reshape", [
    graph.node("Transpose", [cut], { perm: [0, 1, 3, 2, 4] }),
    graph.int64s(-1, grid * grid, inputs),
  ]);
  const weight = inPixelOrder(tensors.read("visual.conv1.weight", [width, 3, patch, patch]), width, patch);
  const embedded = precision.linear(graph, patches, { name: "visual.conv1", weight, inputs, outputs: width });

  const token = graph.weight("visual.class_embedding", [1, 1, width], tensors.read("visual.class_embedding", [width]));
  const count = graph.node("Shape", [embedded], { start: 0, end: 1 });
  const tokens = graph.node("Expand", [token, graph.node("Concat", [count, graph.int64s(1, width)], { axis: 0 })]);
  const positions = graph.weight(
    "visual.positional_embedding",
    [grid * grid + 1, width],
    tensors.read("visual.positional_embedding", [grid * grid + 1, width]),
  );
  return graph.node("Add", [graph.node("Concat", [tokens, embedded], { axis: 1 }), positions]);
}

/** @param tokens float [N, T, width]; @returns float [N, width], or [N, D] behind an attentional pooler */
function pool(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  config: VisionTransformerModel,
  embedDim: number,
  tokens: string,
): string {
  const { blocks, attentionPool, normAfterPool } = config;
  if (attentionPool) {
    const answers = attentionalPooler(graph, precision, tensors, { ...attentionPool, blocks, embedDim }, tokens);
    const norm = { width: embedDim, epsilon: blocks.epsilon };
    return pickOne(graph, config, layerNorm(graph, tensors, "visual.ln_post", answers, norm));
  }
  if (config.pool === "avg" && !normAfterPool)
    return pickOne(graph, config, layerNorm(graph, tensors, "visual.ln_post", tokens, blocks));
  // Layer norm works on each token by itself, so only the pooled one needs it.
  return layerNorm(graph, tensors, "visual.ln_post", pickOne(graph, config, tokens), blocks);
}

/** The first of [N, T, width], or the mean of the others. */
function pickOne(graph: Graph, { pool }: VisionTransformerModel, tokens: string): string {
  if (pool === "tok") return graph.node("Gather", [tokens, graph.int64(0)], { axis: 1 });
  const others = graph.node("Slice", [tokens, graph.int64s(1), graph.int64s(Number.MAX_SAFE_INTEGER), graph.int64s(1)]);
  return graph.node("ReduceMean", [others, graph.int64s(1)], { keepdims: 0 });
}
