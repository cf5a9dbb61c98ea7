// onnxruntime-web inside workerd: one thread, and the statically imported module in place of runtime compilation.
import * as ort from "onnxruntime-web/wasm";
import wasm from "../../../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm";

/** What a model Worker may know of the WASM memories of its isolate, for the memory budget. */
const memories: WebAssembly.Memory[] = [];
export const wasmBytes = (): number => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);

ort.env.wasm.numThreads = 1;
// A dummy that keeps ORT from fetching the binary; `instantiate` below answers with the imported module instead.
ort.env.wasm.wasmBinary = new ArrayBuffer(0);

/** Runs `create` while WebAssembly.instantiate, which workerd forbids for bytes, answers with ORT's imported module. */
async function withImportedModule<T>(create: () => Promise<T>): Promise<T> {
  const { instantiate } = WebAssembly;
  const replaced = async (_source: unknown, imports?: WebAssembly.Imports) => {
    const instance = await instantiate(wasm, imports);
    for (const exported of [...Object.values(instance.exports), ...Object.values(imports?.a ?? imports?.env ?? {})]) {
      if (exported instanceof WebAssembly.Memory && !memories.includes(exported)) memories.push(exported);
    }
    return { module: wasm, instance };
  };
  Object.assign(WebAssembly, { instantiate: replaced });
  try {
    return await create();
  } finally {
    Object.assign(WebAssembly, { instantiate });
  }
}

export interface ExternalData {
  path: string;
  data: Uint8Array;
}

/** @param graph the bytes of the .onnx file; its weights lie in `externalData` */
export const createSession = (graph: Uint8Array, externalData: ExternalData[]): Promise<ort.InferenceSession> =>
  withImportedModule(() =>
    ort.InferenceSession.create(graph, { executionProviders: ["wasm"], externalData, enableCpuMemArena: false }),
  );

export { ort };
