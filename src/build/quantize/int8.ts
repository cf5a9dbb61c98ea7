// Layers in int8: linear layers with a scale per token, convolutions with static ranges, embedding tables with a scale per row.

import { floatConvolution, fp32 } from "../compile/fp32.ts";
import {
  type Activation,
  type Convolution,
  type Linear,
  type Precision,
  padsOf,
  transposed,
} from "../compile/precision.ts";
import type { Graph } from "../onnx/graph.ts";
import { EDGE_SHARD_BYTES } from "../onnx/shards.ts";
import { byColumns } from "./byColumns.ts";
import { type Affine, affineOf, type Calibration, RANGE_KEPT } from "./calibration.ts";
import { int8Table } from "./int8Table.ts";
import { quantizeRows, ZERO_POINT } from "./rows.ts";

/** Convolutions with fewer input channels stay in fp32: the stem's first costs next to nothing and sees the picture itself. */
const FEWEST_CHANNELS = 8;

/** An activation in float, and in uint8 from when that is first asked for. */
class CalibratedActivation implements Activation {
  readonly affine: Affine;
  readonly #graph: Graph;
  readonly #float: string;
  #uint8: string | undefined;

  constructor(graph: Graph, affine: Affine, float: string) {
    this.#graph = graph;
    this.affine = affine;
    this.#float = float;
  }

  float(): string {
    return this.#float;
  }

  uint8(): string {
    const { scale, zeroPoint } = this.affine;
    this.#uint8 ??= this.#graph.node("QuantizeLinear", [
      this.#float,
      this.#graph.float(scale),
      this.#graph.uint8(zeroPoint),
    ]);
    return this.#uint8;
  }
}

interface Int8Options {
  /** An embedding table or a linear layer past it is cut by columns. */
  shardBytes?: number;
  /** Names of layers that stay in fp32. */
  float?: ReadonlySet<string>;
}

/** @param calibration of this checkpoint; a Vision Transformer and a text tower need none */
export function int8(
  calibration: Calibration,
  { shardBytes = EDGE_SHARD_BYTES, float: kept = new Set() }: Int8Options = {},
): Precision {
  const reference = fp32();
  const affine = (key: string): Affine => {
    const range = calibration.ranges[key];
    if (!range) throw new Error(`the calibration has no range for ${key}`);
    const [low, high] = range;
    return affineOf([RANGE_KEPT * low, RANGE_KEPT * high]);
  };
  const activation = (graph: Graph, key: string, float: string) => new CalibratedActivation(graph, affine(key), float);

  // ConvInteger and not QLinearConv: on nano 11.6 against 12.8 ms, and a mean cosine of 0.9990 against 0.9986, since its
  // sums are rounded once, where the next convolution reads them, and residual sums see them in float.
  const convolution = (graph: Graph, x: Activation, layer: Convolution): Activation => {
    const { name, weight, bias, inputs, outputs, kernel, stride, relu } = layer;
    if (inputs < FEWEST_CHANNELS || kept.has(name) || !(x instanceof CalibratedActivation)) {
      return activation(graph, name, floatConvolution(graph, x.float(), layer));
    }
    const { values, scales } = quantizeRows(weight, outputs);
    const { scale, zeroPoint } = x.affine;
    const sums = graph.node(
      "ConvInteger",
      [
        x.uint8(),
        graph.weight(`${name}.weight`, [outputs, inputs, kernel, kernel], values),
        graph.uint8(zeroPoint),
        graph.uint8(ZERO_POINT),
      ],
      { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: padsOf(kernel) },
    );
    const channels = [1, outputs, 1, 1];
    const real = graph.floats(
      channels,
      scales.map((each) => each * scale),
    );
    const scaled = graph.node("Mul", [graph.node("Cast", [sums], { to: 1 }), real]);
    const y = graph.node("Add", [scaled, graph.floats(channels, bias)]);
    return activation(graph, name, relu ? graph.node("Relu", [y]) : y);
  };

  return {
    activation,
    convolution,
    linear(graph, x, layer) {
      if (kept.has(layer.name))
        return byColumns(graph, layer, 4, shardBytes, (part) => reference.linear(graph, x, part));
      return byColumns(graph, layer, 1, shardBytes, (part) => int8Linear(graph, x, part));
    },
    pointwise: (graph, x, layer) =>
      kept.has(layer.name) ? reference.pointwise(graph, x, layer) : int8Pointwise(graph, x, layer),
    embedding: (graph, ids, name, table) => int8Table(graph, ids, name, table, shardBytes),
  };
}

/** @param axes over which values have one scale, by their largest magnitude. @returns uint8 of the same shape, and float scales */
function dynamicUint8(graph: Graph, x: string, ...axes: number[]): { values: string; scale: string } {
  const magnitude = graph.node("ReduceMax", [graph.node("Abs", [x]), graph.int64s(...axes)], { keepdims: 1 });
  const scale = graph.node("Mul", [graph.node("Max", [magnitude, graph.float(1e-8)]), graph.float(1 / 127)]);
  // The cast truncates: half a step more makes it round.
  const shifted = graph.node("Add", [graph.node("Div", [x, scale]), graph.float(ZERO_POINT + 0.5)]);
  return { values: graph.node("Cast", [shifted], { to: 2 }), scale };
}

/** A scale for each picture: for each place it would take two transpositions, which cost more. @param x float [N, inputs, H, W] */
function int8Pointwise(graph: Graph, x: string, { name, weight, inputs, outputs, bias }: Linear): string {
  const { values, scales } = quantizeRows(weight, outputs);
  const picture = dynamicUint8(graph, x, 1, 2, 3);
  const zero = graph.uint8(ZERO_POINT);
  const kept = graph.weight(`${name}.weight`, [outputs, inputs, 1, 1], values);
  const sums = graph.node("ConvInteger", [picture.values, kept, zero, zero], { kernel_shape: [1, 1] });
  const channels = [1, outputs, 1, 1];
  const columns = graph.weight(`${name}.scale`, channels, scales);
  const y = graph.node("Mul", [graph.node("Mul", [graph.node("Cast", [sums], { to: 1 }), picture.scale]), columns]);
  return bias ? graph.node("Add", [y, graph.weight(`${name}.bias`, channels, bias)]) : y;
}

/** @param x float [..., inputs] */
function int8Linear(graph: Graph, x: string, { name, weight, inputs, outputs, bias }: Linear): string {
  const { values, scales } = quantizeRows(weight, outputs);
  // Each token by its own magnitude: independent of its neighbours, and outliers cost only their token.
  const { values: tokens, scale } = dynamicUint8(graph, x, -1);
  const zero = graph.uint8(ZERO_POINT);
  const packed = graph.weight(`${name}.weight`, [inputs, outputs], transposed(values, outputs, inputs));
  const sums = graph.node("Cast", [graph.node("MatMulInteger", [tokens, packed, zero, zero])], { to: 1 });
  const columns = graph.weight(`${name}.scale`, [outputs], scales);
  const y = graph.node("Mul", [graph.node("Mul", [sums, scale]), columns]);
  return bias ? graph.node("Add", [y, graph.weight(`${name}.bias`, [outputs], bias)]) : y;
}
