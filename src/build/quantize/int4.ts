// Linear layers in 4 bits, in blocks along their inputs with a scale each (MatMulNBits of ONNX Runtime); all else as in int8.
import type { Linear, Precision } from "../compile/precision.ts";
import type { Graph } from "../onnx/graph.ts";
import { EDGE_SHARD_BYTES } from "../onnx/shards.ts";
import { byColumns } from "./byColumns.ts";
import { int8 } from "./int8.ts";

const BLOCK = 32;
/** MatMulNBits takes it where no zero points are given. */
const ZERO = 8;

export interface QuantizedBlocks {
  /** uint8 [rows, blocks, 16]: two values a byte, the first in its low half */
  values: Uint8Array<ArrayBuffer>;
  /** fp32 [rows, blocks]: real = (value - 8) * scale */
  scales: Float32Array<ArrayBuffer>;
}

/** @param weight fp32 [rows, width]; the width is a multiple of 32 */
export function quantizeBlocks(weight: Float32Array): QuantizedBlocks {
  const values = new Uint8Array(weight.length / 2);
  const scales = new Float32Array(weight.length / BLOCK);
  for (let block = 0; block < scales.length; block++) {
    const at = block * BLOCK;
    let furthest = 0;
    for (let i = at; i < at + BLOCK; i++) {
      const value = weight[i] ?? 0;
      if (Math.abs(value) > Math.abs(furthest)) furthest = value;
    }
    // The grid is -8 to 7: its longer side goes to the largest value, whatever its sign. Zeros keep a scale that divides.
    const scale = Math.fround(furthest / -ZERO) || 1;
    scales[block] = scale;
    for (let i = 0; i < BLOCK; i++) {
      const level = Math.max(0, Math.min(15, Math.round((weight[at + i] ?? 0) / scale) + ZERO));
      const byte = (at + i) >> 1;
      values[byte] = (values[byte] ?? 0) | (i % 2 === 0 ? level : level << 4);
    }
  }
  return { values, scales };
}

function int4Linear(graph: Graph, x: string, { name, weight, inputs, outputs, bias }: Linear): string {
  const { values, scales } = quantizeBlocks(weight);
  const blocks = inputs / BLOCK;
  const y = graph.contrib(
    "MatMulNBits",
    [
      x,
      graph.weight(`${name}.weight`, [outputs, blocks, BLOCK / 2], values),
      graph.weight(`${name}.scale`, [outputs, blocks], scales),
    ],
    { K: inputs, N: outputs, bits: 4, block_size: BLOCK },
  );
  return bias ? graph.node("Add", [y, graph.weight(`${name}.bias`, [outputs], bias)]) : y;
}

/**
 * Only for transformers: convolutions have no 4-bit operator.
 * @param finer names of layers that stay in int8
 */
export function int4(finer: ReadonlySet<string> = new Set()): Precision {
  const rest = int8({ pictures: 0, ranges: {} });
  // Blocks are whole: a layer whose inputs no blocks of 32 make is small or odd, and int8 serves it.
  const fits = ({ name, inputs }: Linear) => !finer.has(name) && inputs % BLOCK === 0;
  return {
    ...rest,
    linear(graph, x, layer) {
      if (!fits(layer)) return rest.linear(graph, x, layer);
      return byColumns(graph, layer, 0.5, EDGE_SHARD_BYTES, (part) => int4Linear(graph, x, part));
    },
    pointwise(graph, x, layer) {
      if (!fits(layer)) return rest.pointwise(graph, x, layer);
      const places = graph.node("Transpose", [x], { perm: [0, 2, 3, 1] });
      return graph.node("Transpose", [int4Linear(graph, places, layer)], { perm: [0, 3, 1, 2] });
    },
    convolution(_graph, _x, { name }) {
      throw new Error(`${name} is a convolution, which 4 bits are not made for: build it with --quant int8`);
    },
  };
}
