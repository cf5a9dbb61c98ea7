// The batch Worker: what the queues bring, and the sweep.
import { InFlight } from "../body/inFlight.ts";
import type { Working } from "../chunks/working.ts";
import { type DeploymentFiles, readDeployment } from "../deployment/deployment.ts";
import { backendEncoder } from "../parts/backendEncoder.ts";
import { TextVectors } from "../tasks/textVectors.ts";
import { consume, consumeDead } from "./consume.ts";
import type { BatchEnv } from "./env.ts";
import { sweep } from "./sweep.ts";

/** Bytes of pictures held at once. */
const IN_FLIGHT_BYTES = 48 * 2 ** 20;
/** Nobody waits for an answer here. */
const PATIENCE_MS = 60_000;

const isDead = (queue: string): boolean => queue.endsWith("-dead");

export function createBatch(files: DeploymentFiles): ExportedHandler<BatchEnv, unknown> {
  const inFlight = new InFlight(IN_FLIGHT_BYTES, PATIENCE_MS);
  let read: Working | undefined;
  /** Read when it is first asked for. */
  const working = (env: BatchEnv): Working => {
    read ??= {
      ...{ deployment: readDeployment(files), inFlight, texts: new TextVectors() },
      encode: backendEncoder(env),
    };
    return read;
  };
  return {
    queue: async ({ queue, messages }, env) => {
      if (isDead(queue)) consumeDead(messages);
      else await consume(env, () => working(env), messages);
    },
    scheduled: (_event, env) => sweep(env, Date.now()),
  };
}
