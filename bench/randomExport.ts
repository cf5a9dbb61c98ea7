// An ONNX export with random weights in transformers.js' layout, written as exporters do: NCHW pictures in fp32, convolutions for patches.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Checkpoint, openCheckpoint } from "../src/build/checkpoint/checkpoint.ts";
import { fp32 } from "../src/build/compile/fp32.ts";
import { blockStages, layerNorm, project } from "../src/build/compile/transformer.ts";
import { Graph } from "../src/build/onnx/graph.ts";
import { ShardWriter } from "../src/build/onnx/shards.ts";
import { planOf } from "../src/build/planOf.ts";
import { type FastVitShape, fastVit } from "./fastVit.ts";
import { normals, writeRandomCheckpoint } from "./randomCheckpoint.ts";

/** Of the weights of a FastViT. */
const NOISE = 1_000_003;

export interface RandomExport {
  /** As writeRandomCheckpoint takes it; its Vision Transformer is the picture tower, if there is no other. */
  config: object;
  /** What is done to the checkpoint before it is exported. */
  change?: (tensors: Checkpoint["tensors"]) => Checkpoint["tensors"];
  fastVit?: FastVitShape;
}

export async function writeRandomExport(dir: string, { config, change, fastVit: shape }: RandomExport): Promise<void> {
  const checkpointDir = join(dir, "checkpoint");
  await writeRandomCheckpoint(checkpointDir, config);
  const opened = await openCheckpoint(checkpointDir);
  const checkpoint = { ...opened, tensors: change ? change(opened.tensors) : opened.tensors };
  const { size } = checkpoint.model.vision;
  const { context } = checkpoint.model.text;
  mkdirSync(join(dir, "onnx"), { recursive: true });
  write(dir, "text_model", "text_embeds", (graph) => {
    const plan = planOf(checkpoint, "text", fp32());
    const input = plan.input(graph);
    return plan.stages.reduce((x, stage) => stage.build(graph, input, x), "");
  });
  write(dir, "vision_model", "image_embeds", (graph) => {
    const pixels = graph.input("pixel_values", "FLOAT", ["N", 3, size, size]);
    return shape ? fastVit(graph, normals(NOISE), shape, pixels) : transformer(graph, checkpoint, pixels);
  });
  checkpoint.tensors.close();
  const json = (name: string, value: object) => writeFileSync(join(dir, name), JSON.stringify(value));
  json("config.json", { model_type: "clip" });
  json("preprocessor_config.json", { size, crop_size: size, do_center_crop: true, do_normalize: true, resample: 3 });
  json("tokenizer_config.json", { model_max_length: context, eos_token: "<|endoftext|>", pad_token: "<|endoftext|>" });
  cpSync(join(checkpointDir, "tokenizer.json"), join(dir, "tokenizer.json"));
}

function write(dir: string, name: string, output: string, make: (graph: Graph) => string): void {
  const shards = new ShardWriter(join(dir, "onnx"), `${name}.onnx`, Number.POSITIVE_INFINITY);
  try {
    const graph = new Graph(name, shards);
    graph.output(output, make(graph), ["N", "D"]);
    writeFileSync(join(dir, "onnx", `${name}.onnx`), graph.finish());
  } finally {
    shards.close();
  }
}

/** The mean of all patches instead of a class token, which is less to write down. @returns float [N, D] */
function transformer(graph: Graph, { model, tensors }: Checkpoint, pixels: string): string {
  const { vision, embedDim } = model;
  if (vision.kind !== "vit") throw new Error("only a Vision Transformer is exported");
  const { patch, blocks } = vision;
  const { width } = blocks;
  const shape = [width, 3, patch, patch];
  const kernel = graph.weight("patches", shape, tensors.read("visual.conv1.weight", shape));
  const cut = graph.node("Conv", [pixels, kernel], { kernel_shape: [patch, patch], strides: [patch, patch] });
  const flat = graph.node("Reshape", [cut, graph.int64s(0, width, -1)]);
  let x = graph.node("Transpose", [flat], { perm: [0, 2, 1] });
  for (const stage of blockStages(fp32(), tensors, blocks, "visual.transformer.")) x = stage.build(graph, "", x);
  const pooled = graph.node("ReduceMean", [layerNorm(graph, tensors, "visual.ln_post", x, blocks), graph.int64s(1)], {
    keepdims: 0,
  });
  return project(graph, fp32(), tensors, "visual.proj", pooled, width, embedDim);
}
