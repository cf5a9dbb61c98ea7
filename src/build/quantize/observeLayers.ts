// The layers of a tower that are quantized, and how large each channel gets in front of the linear ones.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fp32 } from "../compile/fp32.ts";
import type { Linear, Precision } from "../compile/precision.ts";
import type { Input } from "../drift.ts";
import type { Graph } from "../onnx/graph.ts";
import { openGraph, type TowerName } from "../ort.ts";

export interface ObservedLayer {
  parameters: number;
  /** fp32 [inputs], the largest magnitude that any token has there; none in front of a convolution */
  largest?: Float32Array<ArrayBuffer>;
}

/** Runs the fp32 tower and watches. @param write makes the tower's files in the work folder */
export async function observeLayers(
  tower: TowerName,
  write: (precision: Precision) => Promise<unknown>,
  inputs: readonly Input[],
  workDir: string,
): Promise<Map<string, ObservedLayer>> {
  const layers = new Map<string, ObservedLayer>();
  const outputs = new Map<string, Float32Array<ArrayBuffer>>();
  const reference = fp32();
  const observe = (graph: Graph, rows: string, { name, weight, inputs }: Linear, axes: number[]) => {
    const largest = new Float32Array(inputs);
    const output = `observed_${outputs.size}`;
    const most = graph.node("ReduceMax", [graph.node("Abs", [rows]), graph.int64s(...axes)], { keepdims: 0 });
    graph.output(output, most, [inputs]);
    outputs.set(output, largest);
    layers.set(name, { parameters: weight.length, largest });
  };
  const observing: Precision = {
    ...reference,
    linear(graph, x, layer) {
      observe(graph, graph.node("Reshape", [x, graph.int64s(-1, layer.inputs)]), layer, [0]);
      return reference.linear(graph, x, layer);
    },
    pointwise(graph, x, layer) {
      observe(graph, x, layer, [0, 2, 3]);
      return reference.pointwise(graph, x, layer);
    },
    convolution(graph, x, layer) {
      layers.set(layer.name, { parameters: layer.weight.length });
      return reference.convolution(graph, x, layer);
    },
  };
  await write(observing);
  const session = await openGraph(new Uint8Array(await readFile(join(workDir, `${tower}.onnx`))), workDir, tower);
  for (const { data, dims } of inputs) {
    for (const [output, values] of await session.runAll(data, dims)) {
      const largest = outputs.get(output);
      for (const [i, value] of values.entries()) if (largest) largest[i] = Math.max(largest[i] ?? 0, value);
    }
  }
  await session.release();
  return layers;
}
