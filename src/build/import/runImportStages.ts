// Runs a tower of an export of any size in the memory of its largest stage, as a pack computes it: each stage is a graph that is
// written, run on every input, and thrown away.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type * as ort from "onnxruntime-web/wasm";
import type { Precision } from "../compile/precision.ts";
import { unit } from "../compile/transformer.ts";
import type { Input } from "../drift.ts";
import type { DataType } from "../onnx/encode.ts";
import { Graph } from "../onnx/graph.ts";
import { ShardWriter } from "../onnx/shards.ts";
import { openSession, type TowerName, tensorOf } from "../ort.ts";
import type { SourceTower } from "./findTower.ts";
import { lookedUp } from "./lookedUp.ts";
import { Repacked } from "./repacked.ts";
import { type SourceStage, stagesOf } from "./stagesOf.ts";
import { type ImportedImage, takeInput } from "./writeImported.ts";

const PREFIX = "stage";
/** A session takes about three times its weights. */
const STAGE_BYTES = 150e6;
const LAST = "embedding";

const TYPES: Record<string, DataType> = {
  ...{ float32: "FLOAT", float64: "DOUBLE", int64: "INT64", int32: "INT32", uint8: "UINT8", bool: "BOOL" },
};

/** Of one input, by the source's names. */
type Values = Map<string, ort.Tensor>;

export interface StageOptions {
  /** A folder that exists; one stage at a time is written to it. */
  workDir: string;
  stageBytes?: number;
}

/** @returns the unit vector of each input */
export async function runImportStages(
  tower: TowerName,
  source: SourceTower,
  image: ImportedImage,
  precision: Precision,
  inputs: readonly Input[],
  { workDir, stageBytes = STAGE_BYTES }: StageOptions,
): Promise<Float32Array[]> {
  const asked = tower === "text" ? lookedUp(precision, inputs) : precision;
  const given = inputs.map(({ data, dims }) => ({ tensor: tensorOf(data, dims), values: new Map() as Values }));
  const stages = stagesOf(source, stageBytes);
  const vectors: Float32Array[] = [];
  for (const [index, stage] of stages.entries()) {
    const last = index === stages.length - 1;
    const shards = new ShardWriter(workDir, PREFIX, Number.POSITIVE_INFINITY);
    const graph = new Graph(PREFIX, shards);
    try {
      const repacked = new Repacked(graph, source, asked);
      takeInput(graph, tower, source, image, repacked);
      const rows = given.map(({ values }) => values);
      for (const [at, name] of stage.takes.entries())
        repacked.given(name, graph.input(`take_${at}`, ...shapeOf(rows, name)));
      repacked.place(stage.nodes);
      if (last) graph.result(LAST, unit(graph, repacked.value(source.output.name)));
      else for (const [at, name] of stage.gives.entries()) graph.result(`give_${at}`, repacked.value(name));
    } finally {
      shards.close();
    }
    const session = await openSession(graph.finish(), workDir, PREFIX);
    const [own = ""] = session.inputNames;
    for (const { tensor, values } of given) {
      const taken = stage.takes.map((name, at): [string, ort.Tensor] => [`take_${at}`, heldValue(values, name)]);
      const made = await session.run({ [own]: tensor, ...Object.fromEntries(taken) });
      if (last) vectors.push(vectorOf(made[LAST]));
      keep(values, made, stages, index);
    }
    await session.release();
    for (const name of shards.names) await rm(join(workDir, name));
  }
  return vectors;
}

/** What this stage gave, and of the others what is still asked for. */
function keep(values: Values, made: ort.InferenceSession.OnnxValueMapType, stages: SourceStage[], index: number): void {
  for (const [at, name] of (stages[index]?.gives ?? []).entries()) {
    const value = made[`give_${at}`];
    if (value) values.set(name, value as ort.Tensor);
  }
  const asked = new Set(stages.slice(index + 1).flatMap(({ takes }) => takes));
  for (const name of values.keys()) if (!asked.has(name)) values.delete(name);
}

function heldValue(values: Values, name: string): ort.Tensor {
  const value = values.get(name);
  if (!value) throw new Error(`no stage gave ${name}`);
  return value;
}

/** Dimensions that are the same for all inputs are fixed. */
function shapeOf(rows: readonly Values[], name: string): [DataType, (number | string)[]] {
  const tensors = rows.map((values) => heldValue(values, name));
  const [{ type, dims } = { type: "", dims: [] }] = tensors;
  const own = TYPES[type];
  if (!own) throw new Error(`${name} is ${type}, which does not go from one stage to another`);
  return [own, dims.map((dim, at) => (tensors.every((each) => each.dims[at] === dim) ? dim : `D${at}`))];
}

function vectorOf(value: unknown): Float32Array {
  const data = typeof value === "object" && value !== null && "data" in value ? value.data : undefined;
  if (!(data instanceof Float32Array)) throw new TypeError("the tower does not give fp32");
  return data;
}
