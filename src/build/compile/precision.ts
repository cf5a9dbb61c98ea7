// What a tower asks of a number format: linear layers, convolutions and embedding tables, in fp32 or int8.
import type { Graph } from "../onnx/graph.ts";
import type { Table } from "./table.ts";

/** y = x W^T + b */
export interface Linear {
  name: string;
  /** [outputs, inputs], as PyTorch keeps it */
  weight: Float32Array<ArrayBuffer>;
  inputs: number;
  outputs: number;
  bias?: Float32Array<ArrayBuffer>;
}

export interface Convolution {
  name: string;
  /** [outputs, inputs, kernel, kernel] */
  weight: Float32Array<ArrayBuffer>;
  bias: Float32Array<ArrayBuffer>;
  inputs: number;
  outputs: number;
  kernel: number;
  stride: number;
  relu: boolean;
}

/** An activation of a convolutional network, as float or not; what it is made of is the number format's own affair. */
export interface Activation {
  float(): string;
}

export interface Precision {
  /** @param x float [..., inputs]; @returns float [..., outputs] */
  linear(graph: Graph, x: string, layer: Linear): string;
  /** A 1 x 1 convolution. @param x float [N, inputs, H, W]; @returns float [N, outputs, H, W] */
  pointwise(graph: Graph, x: string, layer: Linear): string;
  /** @param x [N, inputs, H, W]; padding keeps the size before striding */
  convolution(graph: Graph, x: Activation, layer: Convolution): Activation;
  /** A value that was computed in float and goes on into convolutions. @param key its name in the calibration */
  activation(graph: Graph, key: string, float: string): Activation;
  /** @param ids int32 [N, T]; @returns float [N, T, width] */
  embedding(graph: Graph, ids: string, name: string, table: Table): string;
}

/** @param weight [outputs, inputs]; @returns [inputs, outputs], as MatMul takes it */
export function transposed<T extends Float32Array | Uint8Array>(weight: T, outputs: number, inputs: number): T {
  const turned = weight.slice() as T;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) turned[i * outputs + o] = weight[o * inputs + i] ?? 0;
  }
  return turned;
}

export const padsOf = (kernel: number): number[] => Array<number>(4).fill((kernel - 1) / 2);
