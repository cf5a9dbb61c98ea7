// One tower of a pack as a model: verified files in, an ONNX Runtime session, unit vectors out.
import { type Canary, CANARY_COSINE, CanarySchema, canaryPixels } from "../../core/pack/canary.ts";
import * as v from "valibot";
import { fetchFile, type FileSource } from "../../core/pack/fetchFile.ts";
import { type Manifest, shardsOf } from "../../core/pack/manifest.ts";
import { readManifest } from "../../core/pack/readManifest.ts";
import { Problem } from "../../core/problem.ts";
import type { Tensor } from "../../core/oip/tensor.ts";
import { createSession, ort } from "./runtime.ts";

export type TowerName = "vision" | "text";

export interface Model {
  manifest: Manifest;
  canary: Canary;
  /** @param input `pixels` uint8 [N, S, S, 3] or `input_ids` int32 [N, T]; @returns unit vectors float32 [N, D] */
  encode(input: Tensor): Promise<Float32Array>;
}

/** The manifest as the assets hold it; every other file is verified against it. */
export async function loadManifest(source: FileSource): Promise<Manifest> {
  const response = await source("pack.json");
  if (!response.ok) throw new Problem("model_unavailable", "The Worker was deployed without a pack.");
  return readManifest(await response.json());
}

/** Loads and checks a tower. @throws Problem `pack_corrupt` when a file or the canary is not what was built */
export async function loadModel(source: FileSource, tower: TowerName): Promise<Model> {
  const manifest = await loadManifest(source);
  const canary = v.parse(CanarySchema, JSON.parse(new TextDecoder().decode(await fetchFile(source, manifest, "canary.json"))));
  const graph = await fetchFile(source, manifest, `${tower}.onnx`);
  const shards = [];
  for (const { name } of shardsOf(manifest, tower)) shards.push({ path: name, data: await fetchFile(source, manifest, name) });
  const session = await createSession(graph, shards);
  const model: Model = { manifest, canary, encode: inTurn((input) => run(session, input)) };
  await checkCanary(model, tower);
  return model;
}

/** Sessions are not reentrant: one run at a time, which also keeps the heap at the size of one. */
function inTurn<A, R>(work: (argument: A) => Promise<R>): (argument: A) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve();
  return (argument) => {
    const result = last.then(() => work(argument));
    last = result.catch(() => undefined);
    return result;
  };
}

async function run(session: ort.InferenceSession, { name, datatype, data, shape }: Tensor): Promise<Float32Array> {
  if (datatype === "FP32") throw new Problem("invalid_request", `${name} is not taken as FP32.`);
  const input = datatype === "UINT8" ? new ort.Tensor("uint8", data, shape) : new ort.Tensor("int32", data, shape);
  const { embedding } = await session.run({ [name]: input });
  if (!embedding || !(embedding.data instanceof Float32Array)) throw new Problem("pack_corrupt", "The graph has no FP32 output `embedding`.");
  const vectors = embedding.data.slice();
  embedding.dispose();
  return vectors;
}

/** @throws Problem `pack_corrupt` when the engine does not reproduce the canary of the pack */
export async function checkCanary({ manifest, canary, encode }: Model, tower: TowerName): Promise<void> {
  const { size } = manifest.image;
  const ids = Int32Array.from(canary.input_ids);
  const [input, expected]: [Tensor, number[]] =
    tower === "vision"
      ? [{ name: "pixels", datatype: "UINT8", shape: [1, size, size, 3], data: canaryPixels(size) }, canary.image_vector]
      : [{ name: "input_ids", datatype: "INT32", shape: [1, ids.length], data: ids }, canary.text_vector];
  const vector = await encode(input);
  const cosine = expected.reduce((sum, value, i) => sum + value * (vector[i] ?? 0), 0);
  if (!(cosine >= CANARY_COSINE)) {
    throw new Problem("pack_corrupt", `The ${tower} canary of ${manifest.id} came out with cosine ${cosine.toFixed(4)}.`);
  }
}
