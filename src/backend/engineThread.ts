// The thread of one tower: its `run` blocks for a whole batch, and meanwhile the server must go on reading requests.
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { TowerName } from "../core/pack/manifest.ts";
import type { Provider } from "./provider.ts";

export interface EngineOptions {
  packDir: string;
  tower: TowerName;
  provider: Provider;
  device: number;
  /** 0: one a core. */
  threads: number;
}

export interface Run {
  id: number;
  data: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
  shape: number[];
}

export type Reply =
  | { kind: "open" }
  | { kind: "vectors"; id: number; vectors: Float32Array<ArrayBuffer>; seconds: number }
  | { kind: "error"; id: number; message: string };

const port = parentPort;
if (!port) throw new Error("engineThread.ts runs as a worker thread");
const { packDir, tower, provider, device, threads }: EngineOptions = workerData;
const reply = (message: Reply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

const gpu = (name: string) => ({ name, deviceId: device });
const session = await InferenceSession.create(join(packDir, `${tower}.onnx`), {
  executionProviders:
    provider === "tensorrt" ? [gpu("tensorrt"), gpu("cuda")] : provider === "cuda" ? [gpu("cuda")] : ["cpu"],
  ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
});
const [input = ""] = session.inputNames;

async function run({ data, shape }: Run): Promise<Float32Array<ArrayBuffer>> {
  const tensor = data instanceof Uint8Array ? new Tensor("uint8", data, shape) : new Tensor("int32", data, shape);
  const { embedding } = await session.run({ [input]: tensor });
  if (!(embedding?.data instanceof Float32Array)) throw new Error("the graph has no FP32 output `embedding`");
  return embedding.data.slice();
}

port.on("message", (message: Run) => {
  const start = performance.now();
  run(message).then(
    (vectors) =>
      reply({ kind: "vectors", id: message.id, vectors, seconds: (performance.now() - start) / 1_000 }, [
        vectors.buffer,
      ]),
    (error: unknown) => reply({ kind: "error", id: message.id, message: String(error) }),
  );
});
reply({ kind: "open" });
