// Both towers of a checkpoint as ONNX files with external data, in one precision.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint } from "./checkpoint/openClip.ts";
import { modifiedResnet } from "./compile/modifiedResnet.ts";
import type { Precision } from "./compile/precision.ts";
import { textTransformer } from "./compile/textTransformer.ts";
import { visionTransformer } from "./compile/visionTransformer.ts";
import { Graph } from "./onnx/graph.ts";
import { ShardWriter } from "./onnx/shards.ts";
import type { TowerName } from "./ort.ts";

function compile(graph: Graph, tower: TowerName, { config, tensors }: Checkpoint, precision: Precision): void {
  const { embed_dim: embedDim, quick_gelu: quickGelu, vision_cfg: vision, text_cfg: text } = config.model_cfg;
  if (tower === "text") {
    textTransformer(graph, precision, tensors, text, { embedDim, quickGelu });
    return;
  }
  const build = typeof vision.layers === "number" ? visionTransformer : modifiedResnet;
  const { mean, std } = config.preprocess_cfg;
  build(graph, precision, tensors, vision, { norm: { mean, std }, embedDim, quickGelu });
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
