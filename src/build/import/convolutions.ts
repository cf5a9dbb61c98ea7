// What a Conv node says of itself, and which of them are more than a convolution.
import type { OnnxNode } from "../onnx/decode.ts";
import type { OnnxTensor } from "../onnx/tensorProto.ts";

export interface ConvolutionShape {
  /** [outputs, inputs of a group, …kernel] */
  dims: readonly number[];
  kernel: readonly number[];
  strides: readonly number[];
  pads: readonly number[];
  dilations: readonly number[];
  group: number;
}

export function convolutionOf({ attributes }: OnnxNode, { dims }: OnnxTensor): ConvolutionShape {
  const kernel = dims.slice(2);
  const ints = (name: string, length: number, otherwise: number): number[] => {
    const value = attributes.get(name);
    return Array.isArray(value) ? value : Array<number>(length).fill(otherwise);
  };
  const group = attributes.get("group");
  return {
    ...{ dims, kernel },
    strides: ints("strides", kernel.length, 1),
    pads: ints("pads", 2 * kernel.length, 0),
    dilations: ints("dilations", kernel.length, 1),
    group: typeof group === "number" ? group : 1,
  };
}

/** Whether it is a linear layer of each place by itself. */
export const isPointwise = ({ kernel, strides, pads, group }: ConvolutionShape): boolean =>
  group === 1 &&
  kernel.length === 2 &&
  [...kernel, ...strides].every((each) => each === 1) &&
  pads.every((pad) => pad === 0);

/** Whether it cuts a picture of that side into patches without rest. */
export const isPatches = ({ dims, kernel, strides, pads, dilations, group }: ConvolutionShape, size: number): boolean =>
  group === 1 &&
  dims[1] === 3 &&
  kernel.length === 2 &&
  kernel[0] === kernel[1] &&
  kernel.join() === strides.join() &&
  pads.every((pad) => pad === 0) &&
  dilations.every((each) => each === 1) &&
  size % (kernel[0] ?? 1) === 0;
