// A tower of an export as a pack has it: pixels or ids in, a unit vector out, weights in one precision beside the graph.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ImageNorm, normalizedPixels, pixelInput } from "../compile/normalizedPixels.ts";
import type { Precision } from "../compile/precision.ts";
import { unit } from "../compile/transformer.ts";
import { Graph } from "../onnx/graph.ts";
import { ShardWriter } from "../onnx/shards.ts";
import type { TowerName } from "../ort.ts";
import type { SourceTower } from "./findTower.ts";
import { Repacked } from "./repacked.ts";

export interface ImportedImage {
  size: number;
  norm: ImageNorm;
}

const INT64 = 7;

/** @returns the names of the files: `<tower>.onnx`, then its shards */
export async function writeImported(
  dir: string,
  tower: TowerName,
  source: SourceTower,
  image: ImportedImage,
  precision: Precision,
  shardLimit: number,
): Promise<string[]> {
  const shards = new ShardWriter(dir, tower, shardLimit);
  try {
    const graph = new Graph(tower, shards);
    const repacked = new Repacked(graph, source, precision);
    takeInput(graph, tower, source, image, repacked);
    repacked.place();
    const embedding = unit(graph, repacked.value(source.output.name));
    const width = source.output.dims.at(-1);
    graph.output("embedding", embedding, ["N", source.output.dims.length === 2 && width ? width : "D"]);
    await writeFile(join(dir, `${tower}.onnx`), graph.finish());
  } finally {
    shards.close();
  }
  return [`${tower}.onnx`, ...shards.names];
}

/** The tower's own input, brought to what the export takes. */
export function takeInput(
  graph: Graph,
  tower: TowerName,
  { input }: SourceTower,
  image: ImportedImage,
  repacked: Repacked,
): void {
  if (tower === "vision") {
    const pixels = normalizedPixels(graph, pixelInput(graph, image.size), image.norm);
    repacked.pixels(graph.node("Transpose", [pixels], { perm: [0, 3, 1, 2] }), pixels, image.size);
  } else {
    const ids = graph.input("input_ids", "INT32", ["N", "T"]);
    repacked.tokens(input.type === INT64 ? graph.node("Cast", [ids], { to: INT64 }) : ids);
  }
}
