// One tower of a pack as a model: verified files in, an ONNX Runtime session, unit vectors out.

import * as v from "valibot";
import { filled } from "../../core/filled.ts";
import type { Tensor } from "../../core/oip/tensor.ts";
import { type Canary, CanarySchema } from "../../core/pack/canary.ts";
import { checkCanary } from "../../core/pack/checkCanary.ts";
import { type FileSource, fetchFile } from "../../core/pack/fetchFile.ts";
import { type Manifest, shardsOf, type TowerName } from "../../core/pack/manifest.ts";
import { readManifest } from "../../core/pack/readManifest.ts";
import { Problem } from "../../core/problem.ts";
import { createSession, ort } from "./runtime.ts";

/** On one thread a larger part is not faster, only larger. */
const PICTURES_AT_ONCE = 1;
const TOKENS_AT_ONCE = 512;

export interface Model {
  manifest: Manifest;
  canary: Canary;
  /** @param input `pixels` uint8 [N, S, S, 3] or `input_ids` int32 [N, T]; @returns unit vectors float32 [N, D] */
  encode(input: Tensor): Promise<Float32Array>;
}

/** The manifest as the assets hold it; every other file is verified against it. */
async function loadManifest(source: FileSource): Promise<Manifest> {
  const response = await source("pack.json");
  if (!response.ok) throw new Problem("model_unavailable", "The Worker was deployed without a pack.");
  return readManifest(await response.json());
}

/** Loads and checks a tower. @throws Problem `pack_corrupt` when a file or the canary is not what was built */
export async function loadModel(source: FileSource, tower: TowerName): Promise<Model> {
  const manifest = await loadManifest(source);
  const canary = v.parse(
    CanarySchema,
    JSON.parse(new TextDecoder().decode(await fetchFile(source, manifest, "canary.json"))),
  );
  const graph = await fetchFile(source, manifest, `${tower}.onnx`);
  const shards = [];
  for (const { name } of shardsOf(manifest, tower))
    shards.push({ path: name, data: await fetchFile(source, manifest, name) });
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

/** Rows go through the session in parts: the heap, which never shrinks, is sized by one part and not by the request. */
async function run(session: ort.InferenceSession, input: Tensor): Promise<Float32Array> {
  const [rows = 0, ...row] = input.shape;
  const width = row.reduce((product, dim) => product * dim, 1);
  const atOnce = input.datatype === "UINT8" ? PICTURES_AT_ONCE : Math.max(1, Math.floor(TOKENS_AT_ONCE / width));
  const parts: Float32Array[] = [];
  for (let at = 0; at < rows; at += atOnce) {
    const count = Math.min(atOnce, rows - at);
    parts.push(await runPart(session, input, at * width, [count, ...row]));
  }
  return filled(new Float32Array(parts.reduce((sum, { length }) => sum + length, 0)), parts);
}

async function runPart(
  session: ort.InferenceSession,
  { name, datatype, data }: Tensor,
  from: number,
  shape: number[],
): Promise<Float32Array> {
  const part = data.subarray(from, from + shape.reduce((product, dim) => product * dim, 1));
  if (part instanceof Float32Array) throw new Problem("invalid_request", `${name} is not taken as ${datatype}.`);
  const input =
    part instanceof Uint8Array ? new ort.Tensor("uint8", part, shape) : new ort.Tensor("int32", part, shape);
  const { embedding } = await session.run({ [name]: input });
  if (!embedding || !(embedding.data instanceof Float32Array))
    throw new Problem("pack_corrupt", "The graph has no FP32 output `embedding`.");
  const vectors = embedding.data.slice();
  embedding.dispose();
  return vectors;
}
