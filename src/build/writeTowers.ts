// Both towers of a checkpoint as ONNX files with external data, in one precision.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { Precision } from "./compile/precision.ts";
import { Graph } from "./onnx/graph.ts";
import { ShardWriter } from "./onnx/shards.ts";
import type { TowerName } from "./ort.ts";
import { planOf } from "./planOf.ts";

/**
 * @param tokens whether the hidden states that Stable Diffusion conditions on are outputs too
 * @returns the names of the files: `<tower>.onnx`, then its shards
 */
export async function writeTower(
  dir: string,
  tower: TowerName,
  checkpoint: Checkpoint,
  precision: Precision,
  shardLimit: number,
  tokens = false,
): Promise<string[]> {
  const shards = new ShardWriter(dir, tower, shardLimit);
  try {
    const graph = new Graph(tower, shards);
    const plan = planOf(checkpoint, tower, precision);
    const input = plan.input(graph);
    const embedding = plan.stages.reduce((x, stage) => {
      const y = stage.build(graph, input, x);
      if (tokens) for (const { name, value, dims } of stage.tokens?.(graph, y) ?? []) graph.output(name, value, dims);
      return y;
    }, "");
    graph.output("embedding", embedding, ["N", plan.embedDim]);
    await writeFile(join(dir, `${tower}.onnx`), graph.finish());
  } finally {
    shards.close();
  }
  return [`${tower}.onnx`, ...shards.names];
}
