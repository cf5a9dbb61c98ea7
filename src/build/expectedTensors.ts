// The tensors that a model is compiled from: what the towers read, found by going through their stages and keeping nothing.
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { Precision } from "./compile/precision.ts";
import { Graph } from "./onnx/graph.ts";
import { planOf } from "./planOf.ts";

/** Scores are scaled by them; no tower reads them. */
const SCALARS = ["logit_scale", "logit_bias"];

/** Takes every layer and writes none. */
const nothing: Precision = {
  linear: (_graph, x) => x,
  pointwise: (_graph, x) => x,
  convolution: (_graph, x) => x,
  activation: (_graph, _key, float) => ({ float: () => float }),
  embedding: (_graph, ids) => ids,
};

/** @returns shapes by canonical name */
export function expectedTensors(checkpoint: Pick<Checkpoint, "model" | "preprocess">): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  const tensors = {
    has: () => true,
    read(name: string, shape: readonly number[]) {
      shapes.set(name, shape);
      return new Float32Array(shape.reduce((product, dim) => product * dim, 1));
    },
  };
  for (const tower of ["vision", "text"] as const) {
    const graph = new Graph(tower, {
      reserve: () => ({ reference: { location: "", offset: 0, length: 0 }, write: () => {} }),
    });
    const plan = planOf({ ...checkpoint, tensors }, tower, nothing);
    const input = plan.input(graph);
    plan.stages.reduce((x, stage) => stage.build(graph, input, x), "");
  }
  return shapes;
}

/** @throws Error naming a tensor that is missing, of another shape, or there without a place in the model */
export function checkTensors(checkpoint: Checkpoint): void {
  const { tensors } = checkpoint;
  const expected = expectedTensors(checkpoint);
  for (const [name, shape] of expected) {
    if (!tensors.has(name)) throw new Error(`the weights lack ${name}, which the configuration asks for`);
    const own = tensors.shape(name);
    if (own.join() !== shape.join())
      throw new Error(`${name} has the shape [${own}], the configuration asks for [${shape}]`);
  }
  if (!tensors.has("logit_scale")) throw new Error("the weights lack logit_scale");
  for (const name of tensors.names) {
    if (tensors.isFloat(name) && !expected.has(name) && !SCALARS.includes(name))
      throw new Error(`the weights have ${name}, which has no place in the model that the configuration describes`);
  }
}
