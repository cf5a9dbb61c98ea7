// Both towers of a checkpoint as ONNX files with external data, in one precision.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import { modifiedResnet } from "./compile/modifiedResnet.ts";
import type { Precision } from "./compile/precision.ts";
import { textTransformer } from "./compile/textTransformer.ts";
import { visionTransformer } from "./compile/visionTransformer.ts";
import { Graph } from "./onnx/graph.ts";
import { ShardWriter } from "./onnx/shards.ts";
import type { TowerName } from "./ort.ts";

function compile(graph: Graph, tower: TowerName, checkpoint: Checkpoint, precision: Precision): void {
  const { model, preprocess, tensors } = checkpoint;
  const { embedDim, vision, text } = model;
  const options = { norm: preprocess, embedDim };
  if (tower === "text") textTransformer(graph, precision, tensors, text, embedDim);
  else if (vision.kind === "vit") visionTransformer(graph, precision, tensors, vision, options);
  else modifiedResnet(graph, precision, tensors, vision, options);
}

/** @returns the names of the files: `<tower>.onnx`, then its shards */
export async function writeTower(
  dir: string,
  tower: TowerName,
  checkpoint: Checkpoint,
  precision: Precision,
  shardLimit: number,
): Promise<string[]> {
  const shards = new ShardWriter(dir, tower, shardLimit);
  try {
    const graph = new Graph(tower, shards);
    compile(graph, tower, checkpoint, precision);
    await writeFile(join(dir, `${tower}.onnx`), graph.finish());
  } finally {
    shards.close();
  }
  return [`${tower}.onnx`, ...shards.names];
}
