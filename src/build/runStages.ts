// Runs a tower of any size in the memory of its largest stage: each stage is a graph that is compiled, run on every
// input, and thrown away.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type * as ort from "onnxruntime-web/wasm";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { Stage } from "./compile/plan.ts";
import type { Precision } from "./compile/precision.ts";
import type { Input } from "./drift.ts";
import { Graph } from "./onnx/graph.ts";
import { ShardWriter } from "./onnx/shards.ts";
import { openSession, type TowerName, tensorOf } from "./ort.ts";
import { planOf } from "./planOf.ts";

const PREFIX = "stage";

/**
 * @param workDir a folder that exists; one stage at a time is written to it
 * @returns the unit vector of each input
 */
export async function runStages(
  checkpoint: Checkpoint,
  tower: TowerName,
  precision: Precision,
  inputs: readonly Input[],
  workDir: string,
): Promise<Float32Array[]> {
  const plan = planOf(checkpoint, tower, precision);
  const given = inputs.map(({ data, dims }) => tensorOf(data, dims));
  let values: ort.Tensor[] = [];
  for (const [index, stage] of plan.stages.entries()) {
    const shards = new ShardWriter(workDir, PREFIX, Number.POSITIVE_INFINITY);
    const graph = new Graph(PREFIX, shards);
    try {
      buildStage(graph, plan.input(graph), stage, index === 0, index === plan.stages.length - 1);
    } finally {
      shards.close();
    }
    const session = await openSession(graph.finish(), workDir, PREFIX);
    const [own = ""] = session.inputNames;
    const next: ort.Tensor[] = [];
    for (const [row, input] of given.entries()) {
      const x = values[row];
      const { y } = await session.run(x ? { [own]: input, x } : { [own]: input });
      if (!y) throw new Error(`stage ${index} of the ${tower} tower gave nothing`);
      next.push(y);
    }
    values = next;
    await session.release();
    for (const name of shards.names) await rm(join(workDir, name));
  }
  return values.map(({ data }) => {
    if (!(data instanceof Float32Array)) throw new TypeError(`the ${tower} tower does not give fp32`);
    return data;
  });
}

function buildStage(graph: Graph, input: string, stage: Stage, first: boolean, last: boolean): void {
  const x = first ? "" : graph.input("x", "FLOAT", ["N", "T", "W"]);
  graph.output("y", stage.build(graph, input, x), last ? ["N", "D"] : ["N", "T", "W"]);
}
