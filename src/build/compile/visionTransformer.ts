// CLIP's Vision Transformer: patches and a class token, pre-norm blocks, the class token projected.
// Paper: https://arxiv.org/abs/2103.00020; structure: open_clip's VisionTransformer.
import type { VisionConfig } from "../checkpoint/config.ts";
import type { Graph } from "../onnx/graph.ts";
import { type ImageNorm, normalizedPixels, pixelInput } from "./normalizedPixels.ts";
import type { Precision } from "./precision.ts";
import type { Tensors } from "./tensors.ts";
import { layerNorm, project, transformer } from "./transformer.ts";

export interface VisionOptions {
  norm: ImageNorm;
  embedDim: number;
  quickGelu: boolean;
}

export function visionTransformer(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  config: VisionConfig,
  options: VisionOptions,
): void {
  const {
    image_size: size,
    width,
    head_width: headWidth,
    mlp_ratio: mlpRatio,
    patch_size: patch = size,
    layers,
  } = config;
  if (typeof layers !== "number") throw new TypeError("a Vision Transformer has one number of layers");
  const grid = size / patch;
  const inputs = patch * patch * 3;
  const pixels = normalizedPixels(graph, pixelInput(graph, size), options.norm);
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
  const sequence = graph.node("Add", [graph.node("Concat", [tokens, embedded], { axis: 1 }), positions]);

  const blocks = {
    prefix: "visual.transformer.",
    layers,
    width,
    heads: width / headWidth,
    mlpRatio,
    quickGelu: options.quickGelu,
  };
  const out = transformer(
    graph,
    precision,
    tensors,
    blocks,
    layerNorm(graph, tensors, "visual.ln_pre", sequence, width),
  );
  const pooled = layerNorm(
    graph,
    tensors,
    "visual.ln_post",
    graph.node("Gather", [out, graph.int64(0)], { axis: 1 }),
    width,
  );
  graph.output("embedding", project(graph, precision, tensors, "visual.proj", pooled, width, options.embedDim), [
    "N",
    options.embedDim,
  ]);
}

/** [width, 3, p, p] -> [width, p * p * 3] */
function inPixelOrder(weight: Float32Array, width: number, patch: number): Float32Array<ArrayBuffer> {
  const area = patch * patch;
  const ordered = new Float32Array(weight.length);
  for (let o = 0; o < width; o++) {
    for (let channel = 0; channel < 3; channel++) {
      for (let at = 0; at < area; at++)
        ordered[(o * area + at) * 3 + channel] = weight[(o * 3 + channel) * area + at] ?? 0;
    }
  }
  return ordered;
}
