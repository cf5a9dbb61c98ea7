// The picture tower of a MobileCLIP-S0 with random weights, as exporters leave it after folding: depthwise and 1 x 1 convolutions,
// attention in the last stage.
// Structure: timm's fastvit_mci0, https://github.com/huggingface/pytorch-image-models/blob/main/timm/models/fastvit.py
import type { Graph } from "../src/build/onnx/graph.ts";

export interface FastVitShape {
  /** Blocks of each stage; the last stage's tokens mix by attention. */
  layers: readonly number[];
  widths: readonly number[];
  mlpRatio: number;
  embedDim: number;
}

export const MOBILECLIP_S0: FastVitShape = {
  ...{ layers: [2, 6, 10, 2], widths: [64, 128, 256, 512], mlpRatio: 3, embedDim: 512 },
};

const HEAD_WIDTH = 32;

/** @param noise normal numbers, used again and again. @param x float [N, 3, S, S]; @returns float [N, D] */
export function fastVit(
  graph: Graph,
  noise: Float32Array,
  { layers, widths, mlpRatio, embedDim }: FastVitShape,
  x: string,
): string {
  let count = 0;
  let at = 0;
  const weight = (dims: number[], scale: number, centre = 0): string => {
    const values = new Float32Array(dims.reduce((size, dim) => size * dim, 1));
    at = (at + 7919) % noise.length;
    for (let i = 0; i < values.length; i++) values[i] = centre + scale * (noise[(at + i) % noise.length] ?? 0);
    return graph.weight(`weight_${count++}`, dims, values);
  };
  const conv = (y: string, inputs: number, outputs: number, kernel: number, { stride = 1, group = 1 } = {}): string => {
    const own = inputs / group;
    return graph.node(
      "Conv",
      [y, weight([outputs, own, kernel, kernel], (own * kernel * kernel) ** -0.5), weight([outputs], 0.05)],
      {
        ...{ kernel_shape: [kernel, kernel], strides: [stride, stride], group },
        pads: Array<number>(4).fill((kernel - 1) / 2),
      },
    );
  };
  const linear = (y: string, inputs: number, outputs: number) =>
    graph.node("MatMul", [y, weight([inputs, outputs], inputs ** -0.5)]);
  const gelu = (y: string) => graph.node("Gelu", [y]);
  const scaled = (y: string, width: number) => graph.node("Mul", [y, weight([1, width, 1, 1], 0.02, 0.3)]);

  const mlp = (y: string, width: number) => {
    const seen = conv(y, width, width, 7, { group: width });
    const inner = gelu(conv(seen, width, mlpRatio * width, 1));
    return graph.node("Add", [y, scaled(conv(inner, mlpRatio * width, width, 1), width)]);
  };
  const attention = (y: string, width: number) => {
    const normed = graph.node("Add", [scaled(y, width), weight([1, width, 1, 1], 0.1)]);
    const tokens = graph.node("Transpose", [graph.node("Reshape", [normed, graph.int64s(0, width, -1)])], {
      perm: [0, 2, 1],
    });
    const heads = width / HEAD_WIDTH;
    const qkv = graph.node("Reshape", [linear(tokens, width, 3 * width), graph.int64s(0, -1, 3, heads, HEAD_WIDTH)]);
    const parted = graph.node("Transpose", [qkv], { perm: [2, 0, 3, 1, 4] });
    const [q = "", k = "", v = ""] = [0, 1, 2].map((index) =>
      graph.node("Gather", [parted, graph.int64(index)], { axis: 0 }),
    );
    const scores = graph.node("MatMul", [q, graph.node("Transpose", [k], { perm: [0, 1, 3, 2] })]);
    const weights = graph.node("Softmax", [graph.node("Mul", [scores, graph.float(HEAD_WIDTH ** -0.5)])], { axis: -1 });
    const mixed = graph.node("Transpose", [graph.node("MatMul", [weights, v])], { perm: [0, 2, 1, 3] });
    const out = linear(graph.node("Reshape", [mixed, graph.int64s(0, -1, width)]), width, width);
    const places = graph.node("Reshape", [
      graph.node("Transpose", [out], { perm: [0, 2, 1] }),
      graph.node("Shape", [y]),
    ]);
    return graph.node("Add", [y, scaled(places, width)]);
  };

  const [first = 0] = widths;
  let y = gelu(conv(x, 3, first, 3, { stride: 2 }));
  y = gelu(conv(y, first, first, 3, { stride: 2, group: first }));
  y = gelu(conv(y, first, first, 1));
  for (const [stage, width] of widths.entries()) {
    const before = widths[stage - 1];
    if (before) {
      y = conv(y, before, width, 7, { stride: 2, group: before });
      y = gelu(conv(y, width, width, 1));
    }
    const last = stage === widths.length - 1;
    if (last) y = conv(y, width, width, 7, { group: width });
    for (let block = 0; block < (layers[stage] ?? 0); block++)
      y = mlp(last ? attention(y, width) : conv(y, width, width, 3, { group: width }), width);
  }
  const width = widths.at(-1) ?? 0;
  y = conv(y, width, 2 * width, 3, { group: width });
  const squeezed = graph.node("Relu", [
    conv(graph.node("ReduceMean", [y, graph.int64s(2, 3)]), 2 * width, width / 8, 1),
  ]);
  y = gelu(graph.node("Mul", [y, graph.node("Sigmoid", [conv(squeezed, width / 8, 2 * width, 1)])]));
  return linear(graph.node("ReduceMean", [y, graph.int64s(2, 3)], { keepdims: 0 }), 2 * width, embedDim);
}
