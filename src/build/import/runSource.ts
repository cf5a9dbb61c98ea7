// The export itself on ONNX Runtime, untouched: what its repacked graph is held against.
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as ort from "onnxruntime-web/wasm";
import type { Manifest } from "../../core/pack/manifest.ts";
import type { Input } from "../drift.ts";
import { prepareOrt } from "../ort.ts";
import type { SourceTower } from "./findTower.ts";

const INT64 = 7;

/** @returns whether there is a way to ask it: fp16 pictures are not made here */
export const runs = ({ input }: SourceTower): boolean => input.type !== 10;

/** @returns the unit vector of each input */
export async function runSource(
  tower: SourceTower,
  image: Manifest["image"],
  inputs: readonly Input[],
): Promise<Float32Array[]> {
  const { path } = tower.model;
  await prepareOrt();
  const beside = (await readdir(dirname(path))).filter(
    (name) => name.startsWith(basename(path)) && name !== basename(path),
  );
  const externalData = await Promise.all(
    beside.map(async (name) => ({ path: name, data: new Uint8Array(await readFile(join(dirname(path), name))) })),
  );
  const session = await ort.InferenceSession.create(new Uint8Array(await readFile(path)), {
    executionProviders: ["wasm"],
    externalData,
  });
  try {
    const vectors: Float32Array[] = [];
    for (const { data, dims } of inputs) {
      const given =
        data instanceof Uint8Array ? pixelTensor(data, dims, image) : idTensor(data, dims, tower.input.type);
      const feeds: Record<string, ort.Tensor> = { [tower.input.name]: given };
      for (const { name } of tower.masks)
        feeds[name] = new ort.Tensor("int64", new BigInt64Array(data.length).fill(1n), dims);
      const value = (await session.run(feeds, [tower.output.name]))[tower.output.name];
      if (!value) throw new Error(`${path}: gave no ${tower.output.name}`);
      const numbers = Float32Array.from(value.data as ArrayLike<number>);
      const length = Math.hypot(...numbers);
      vectors.push(numbers.map((each) => each / length));
    }
    return vectors;
  } finally {
    await session.release();
  }
}

function pixelTensor(
  data: Uint8Array,
  [n = 1, s = 0]: readonly number[],
  { mean, std }: Manifest["image"],
): ort.Tensor {
  const area = s * s;
  const planes = new Float32Array(data.length);
  for (let at = 0; at < n * area; at++) {
    for (let c = 0; c < 3; c++) {
      const picture = Math.floor(at / area);
      planes[(picture * 3 + c) * area + (at % area)] = ((data[at * 3 + c] ?? 0) / 255 - (mean[c] ?? 0)) / (std[c] ?? 1);
    }
  }
  return new ort.Tensor("float32", planes, [n, 3, s, s]);
}

const idTensor = (ids: Int32Array<ArrayBuffer>, dims: readonly number[], type: number): ort.Tensor =>
  type === INT64 ? new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), dims) : new ort.Tensor("int32", ids, dims);
