// One convolution in fp32 and in the ways that int8 can be had of it.
import type { Precision } from "../src/build/compile/precision.ts";
import type { Graph } from "../src/build/onnx/graph.ts";
import { int8 } from "../src/build/quantize/int8.ts";
import { quantizeRows, ZERO_POINT } from "../src/build/quantize/rows.ts";
import type { Layer } from "./mobileClipLayers.ts";

/** Of what an activation here takes. */
const RANGE = 4;
const FLOAT = 1;
const UINT8 = 2;

export interface Made {
  graph: Graph;
  x: string;
  layer: Layer;
  /** fp32 [outputs, inputs of a group, kernel, kernel] */
  weight: Float32Array<ArrayBuffer>;
  bias: Float32Array<ArrayBuffer>;
}

const attributesOf = ({ kernel, stride, group }: Layer) => ({
  ...{ kernel_shape: [kernel, kernel], strides: [stride, stride], group },
  pads: Array<number>(4).fill((kernel - 1) / 2),
});
const dimsOf = ({ inputs, outputs, kernel, group }: Layer) => [outputs, inputs / group, kernel, kernel];

export const float = ({ graph, x, layer, weight, bias }: Made): string =>
  graph.node(
    "Conv",
    [x, graph.weight("w", dimsOf(layer), weight), graph.weight("b", [layer.outputs], bias)],
    attributesOf(layer),
  );

export const NONE = { pictures: 0, ranges: {} };

/** 1 x 1 convolutions as linear layers: a scale a place, and transpositions. */
export const byPlaces: Precision = {
  ...int8(NONE),
  pointwise(graph, x, layer) {
    const y = int8(NONE).linear(graph, graph.node("Transpose", [x], { perm: [0, 2, 3, 1] }), layer);
    return graph.node("Transpose", [y], { perm: [0, 3, 1, 2] });
  },
};

export function linear({ graph, x, layer, weight, bias }: Made): string | undefined {
  const { inputs, outputs, kernel } = layer;
  return kernel === 1 ? byPlaces.pointwise(graph, x, { name: "w", weight, bias, inputs, outputs }) : undefined;
}

/** ConvInteger with a scale a picture, found as it runs: as an import has 1 x 1 convolutions. */
export function dynamic({ graph, x, layer, weight, bias }: Made): string {
  const { outputs } = layer;
  const { values, scales } = quantizeRows(weight, outputs);
  const largest = graph.node("ReduceMax", [graph.node("Abs", [x]), graph.int64s(1, 2, 3)], { keepdims: 1 });
  const scale = graph.node("Mul", [graph.node("Max", [largest, graph.float(1e-8)]), graph.float(1 / 127)]);
  const shifted = graph.node("Add", [graph.node("Div", [x, scale]), graph.float(ZERO_POINT + 0.5)]);
  const zero = graph.uint8(ZERO_POINT);
  const sums = graph.node(
    "ConvInteger",
    [graph.node("Cast", [shifted], { to: UINT8 }), graph.weight("w", dimsOf(layer), values), zero, zero],
    attributesOf(layer),
  );
  const channels = [1, outputs, 1, 1];
  const real = graph.node("Mul", [
    graph.node("Mul", [graph.node("Cast", [sums], { to: FLOAT }), scale]),
    graph.floats(channels, scales),
  ]);
  return graph.node("Add", [real, graph.floats(channels, bias)]);
}

/** QLinearConv with ranges from calibration, which need not be right for its time. */
export function fixed({ graph, x, layer, weight, bias }: Made): string {
  const { outputs } = layer;
  const { values, scales } = quantizeRows(weight, outputs);
  const scale = graph.float((2 * RANGE) / 255);
  const zero = graph.uint8(ZERO_POINT);
  const shift = Int32Array.from(bias, (value, i) => Math.round(value / (((2 * RANGE) / 255) * (scales[i] ?? 1))));
  graph.constant("b", "INT32", [outputs], new Uint8Array(shift.buffer));
  const signed = Int8Array.from(values, (value) => value - ZERO_POINT);
  graph.constant("w", "INT8", dimsOf(layer), new Uint8Array(signed.buffer));
  graph.constant("zeros", "INT8", [outputs], new Uint8Array(outputs));
  const quantized = graph.node("QuantizeLinear", [x, scale, zero]);
  const inputs = [quantized, scale, zero, "w", graph.floats([outputs], scales), "zeros", scale, zero, "b"];
  const y = graph.node("QLinearConv", inputs, attributesOf(layer));
  return graph.node("DequantizeLinear", [y, scale, zero]);
}
