// A tower on ONNX Runtime in a thread of its own.
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { Problem } from "../core/problem.ts";
import type { EngineOptions, Reply, Run } from "./engineThread.ts";

interface Encoded {
  vectors: Float32Array;
  /** That the run took. */
  seconds: number;
}

export interface Engine {
  /** @param input copied rows, handed over: `pixels` uint8 [N, S, S, 3] or `input_ids` int32 [N, T]. @returns [N, D] */
  run(input: Omit<Run, "id">): Promise<Encoded>;
  /** Settles when the thread ends without being closed. */
  ended: Promise<Error>;
  close(): Promise<void>;
}

/** @throws Error when the provider or the graph cannot be loaded */
export function openEngine(options: EngineOptions): Promise<Engine> {
  const thread = new Worker(join(import.meta.dirname, "engineThread.ts"), { workerData: options });
  const pending = new Map<number, PromiseWithResolvers<Encoded>>();
  const opened = Promise.withResolvers<Engine>();
  const ended = Promise.withResolvers<Error>();
  let next = 0;
  const end = (error: Error) => {
    opened.reject(error);
    ended.resolve(error);
    for (const { reject } of pending.values())
      reject(new Problem("model_unavailable", "The engine ended.", { cause: error }));
    pending.clear();
  };
  thread.on("error", (error) => end(error instanceof Error ? error : new Error(String(error))));
  thread.on("exit", (code) => end(new Error(`the ${options.tower} engine ended with status ${code}`)));
  const engine: Engine = {
    run({ data, shape }) {
      const id = next++;
      const waiting = Promise.withResolvers<Encoded>();
      pending.set(id, waiting);
      thread.postMessage({ id, data, shape } satisfies Run, [data.buffer]);
      return waiting.promise;
    },
    ended: ended.promise,
    async close() {
      await thread.terminate();
    },
  };
  thread.on("message", (message: Reply) => {
    if (message.kind === "open") return opened.resolve(engine);
    const waiting = pending.get(message.id);
    pending.delete(message.id);
    if (message.kind === "vectors") waiting?.resolve(message);
    else waiting?.reject(new Problem("model_unavailable", `The engine failed: ${message.message}`));
  });
  return opened.promise;
}
