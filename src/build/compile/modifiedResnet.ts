// CLIP's ModifiedResNet: a stem of three convolutions, bottlenecks whose stride is an average pool, attention pooling.
// Structure: https://github.com/mlfoundations/open_clip/blob/main/src/open_clip/modified_resnet.py
import type { ModifiedResnetModel } from "../checkpoint/model.ts";
import type { Graph } from "../onnx/graph.ts";
import { attentionPool } from "./attentionPool.ts";
import { foldBatchNorm } from "./foldBatchNorm.ts";
import { normalizedPixels, pixelInput } from "./normalizedPixels.ts";
import type { Plan } from "./plan.ts";
import type { Activation, Precision } from "./precision.ts";
import type { Tensors } from "./tensors.ts";
import { unit } from "./transformer.ts";
import type { VisionOptions } from "./visionTransformer.ts";

const EXPANSION = 4;

interface Shape {
  inputs: number;
  outputs: number;
  kernel: number;
  stride: number;
  relu: boolean;
}

/** One stage: its largest, RN50x64, is smaller than the large Vision Transformers. */
export const modifiedResnet = (
  precision: Precision,
  tensors: Tensors,
  config: ModifiedResnetModel,
  options: VisionOptions,
): Plan => ({
  input: (graph) => pixelInput(graph, config.size),
  stages: [{ build: (graph, pixels) => network(graph, precision, tensors, config, options, pixels) }],
  embedDim: options.embedDim,
});

function network(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  config: ModifiedResnetModel,
  options: VisionOptions,
  uint8: string,
): string {
  const { size, width, heads, stages } = config;

  const convolution = (x: Activation, conv: string, norm: string, shape: Shape): Activation => {
    const { inputs, outputs, kernel } = shape;
    const weight = tensors.read(`visual.${conv}.weight`, [outputs, inputs, kernel, kernel]);
    return precision.convolution(graph, x, {
      name: `visual.${conv}`,
      ...foldBatchNorm(tensors, `visual.${norm}`, weight, outputs),
      ...shape,
    });
  };
  const pool = (x: Activation, key: string, by: number): Activation => {
    if (by === 1) return x;
    return precision.activation(
      graph,
      key,
      graph.node("AveragePool", [x.float()], { kernel_shape: [by, by], strides: [by, by] }),
    );
  };

  const pixels = normalizedPixels(graph, uint8, options.norm);
  let x = precision.activation(graph, "visual.input", graph.node("Transpose", [pixels], { perm: [0, 3, 1, 2] }));
  const half = width / 2;
  x = convolution(x, "conv1", "bn1", { inputs: 3, outputs: half, kernel: 3, stride: 2, relu: true });
  x = convolution(x, "conv2", "bn2", { inputs: half, outputs: half, kernel: 3, stride: 1, relu: true });
  x = convolution(x, "conv3", "bn3", { inputs: half, outputs: width, kernel: 3, stride: 1, relu: true });
  x = pool(x, "visual.avgpool", 2);

  let inputs = width;
  for (const [stage, blocks] of stages.entries()) {
    const planes = width * 2 ** stage;
    const outputs = planes * EXPANSION;
    for (let block = 0; block < blocks; block++) {
      const name = `layer${stage + 1}.${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      let y = convolution(x, `${name}.conv1`, `${name}.bn1`, {
        inputs,
        outputs: planes,
        kernel: 1,
        stride: 1,
        relu: true,
      });
      y = convolution(y, `${name}.conv2`, `${name}.bn2`, {
        inputs: planes,
        outputs: planes,
        kernel: 3,
        stride: 1,
        relu: true,
      });
      y = pool(y, `visual.${name}.avgpool`, stride);
      y = convolution(y, `${name}.conv3`, `${name}.bn3`, {
        inputs: planes,
        outputs,
        kernel: 1,
        stride: 1,
        relu: false,
      });
      let identity = x;
      if (stride > 1 || inputs !== outputs) {
        identity = pool(x, `visual.${name}.downsample.-1`, stride);
        identity = convolution(identity, `${name}.downsample.0`, `${name}.downsample.1`, {
          inputs,
          outputs,
          kernel: 1,
          stride: 1,
          relu: false,
        });
      }
      const sum = graph.node("Relu", [graph.node("Add", [y.float(), identity.float()])]);
      x = precision.activation(graph, `visual.${name}`, sum);
      inputs = outputs;
    }
  }

  const pooled = attentionPool(graph, precision, tensors, {
    side: size / 32,
    width: inputs,
    heads,
    embedDim: options.embedDim,
    features: x.float(),
  });
  return unit(graph, pooled);
}
