// A tower of a pack on onnxruntime-web in Node: for what is embedded and measured at deploy time.
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as ort from "onnxruntime-web/wasm";

export type TowerName = "vision" | "text";

export interface Tower {
  /**
   * @param input uint8 [N, S, S, 3] pixels or int32 [N, T] ids
   * @returns unit vectors fp32 [N * D]
   */
  run(input: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>, dims: readonly number[]): Promise<Float32Array>;
  /** Every output of the graph by its name. */
  runAll(
    input: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
    dims: readonly number[],
  ): Promise<Map<string, Float32Array>>;
  release(): Promise<void>;
}

const wasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");

/** Before the first session. */
export async function prepareOrt(): Promise<void> {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary ??= await readFile(wasm);
}

/** @param graph bytes of the .onnx file; its weights lie in `<prefix>.N.bin` of the directory */
export async function openSession(graph: Uint8Array, dir: string, prefix: string): Promise<ort.InferenceSession> {
  await prepareOrt();
  const shards = (await readdir(dir)).filter((name) => name.startsWith(`${prefix}.`) && name.endsWith(".bin"));
  const externalData = await Promise.all(
    shards.map(async (path) => ({ path, data: new Uint8Array(await readFile(join(dir, path))) })),
  );
  return ort.InferenceSession.create(graph, { executionProviders: ["wasm"], externalData });
}

export const tensorOf = (
  data: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
  dims: readonly number[],
): ort.Tensor =>
  data instanceof Uint8Array ? new ort.Tensor("uint8", data, dims) : new ort.Tensor("int32", data, dims);

/** @param graph bytes of the .onnx file; its weights lie in `<tower>.N.bin` of the directory */
export async function openGraph(graph: Uint8Array, packDir: string, tower: TowerName): Promise<Tower> {
  const session = await openSession(graph, packDir, tower);
  const [name = ""] = session.inputNames;
  const runAll: Tower["runAll"] = async (input, dims) => {
    const outputs = await session.run({ [name]: tensorOf(input, dims) });
    return new Map(
      Object.entries(outputs).map(([key, { data }]) => {
        if (!(data instanceof Float32Array)) throw new TypeError(`the output ${key} is not fp32`);
        return [key, data];
      }),
    );
  };
  return {
    runAll,
    run: async (input, dims) => {
      const embedding = (await runAll(input, dims)).get("embedding");
      if (!embedding) throw new Error(`${packDir}: the ${tower} graph has no output "embedding"`);
      return embedding;
    },
    release: () => session.release(),
  };
}

export const openTower = async (packDir: string, tower: TowerName): Promise<Tower> =>
  openGraph(new Uint8Array(await readFile(join(packDir, `${tower}.onnx`))), packDir, tower);
