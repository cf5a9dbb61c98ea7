// Nodes of older operator sets as the one that packs are written in has them.
// What changed when: https://github.com/onnx/onnx/blob/main/docs/Changelog.md

import type { OnnxNode } from "../onnx/decode.ts";
import type { Attribute } from "../onnx/encode.ts";
import { OPSET } from "../onnx/encode.ts";
import type { Graph } from "../onnx/graph.ts";
import type { OnnxTensor } from "../onnx/tensorProto.ts";

/** Before it Clip, Pad and Slice meant something else. */
const OLDEST = 11;

/** What became an input, and in which operator set. */
const AXES_SINCE: Record<string, number> = {
  ...{ Squeeze: 13, Unsqueeze: 13, ReduceSum: 13 },
  ...{ ReduceMean: 18, ReduceMax: 18, ReduceMin: 18, ReduceProd: 18, ReduceL1: 18, ReduceL2: 18, ReduceLogSum: 18 },
  ...{ ReduceLogSumExp: 18, ReduceSumSquare: 18 },
};
const SPLIT_SINCE = 13;
const NUM_OUTPUTS_SINCE = 18;
/** Before it, softmax went over all axes from `axis` on, which exporters only put last. */
const SOFTMAX_SINCE = 13;

/** @throws Error for one that is older or newer than what is known here */
export function checkOpset(path: string, opset: number): void {
  if (opset < OLDEST || opset > OPSET)
    throw new Error(
      `${path}: is of operator set ${opset}; read are ${OLDEST} to ${OPSET}: export it anew with one of them`,
    );
}

const isInts = (value: Attribute | OnnxTensor | undefined): value is number[] => Array.isArray(value);

/** @returns the node as the newest operator set has it */
export function upgraded(node: OnnxNode, opset: number, graph: Graph): OnnxNode {
  const { op, inputs, outputs } = node;
  const attributes = new Map(node.attributes);
  const asInput = (name: string): string[] => {
    const value = attributes.get(name);
    attributes.delete(name);
    return isInts(value) ? [...inputs, graph.int64s(...value)] : inputs;
  };
  if (opset < (AXES_SINCE[op] ?? 0)) return { op, outputs, attributes, inputs: asInput("axes") };
  if (op === "Split") {
    const parted = opset < SPLIT_SINCE ? asInput("split") : inputs;
    if (opset < NUM_OUTPUTS_SINCE && parted.length < 2) attributes.set("num_outputs", outputs.length);
    return { op, outputs, attributes, inputs: parted };
  }
  if (op === "Softmax" && opset < SOFTMAX_SINCE && !attributes.has("axis")) attributes.set("axis", 1);
  // Only while training.
  if (op === "Dropout")
    return { op: "Identity", inputs: inputs.slice(0, 1), outputs: outputs.slice(0, 1), attributes: new Map() };
  return { op, inputs, outputs, attributes };
}
