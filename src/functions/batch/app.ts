// The batch Worker: what the queues bring, and the sweep.
import { InFlight } from "../body/inFlight.ts";
import type { Working } from "../chunks/working.ts";
import { type BigFiles, type DeploymentFiles, readBig, readDeployment } from "../deployment/deployment.ts";
import { backendEncoder, bigEncoder } from "../parts/backendEncoder.ts";
import { TextVectors } from "../tasks/textVectors.ts";
import { consume, consumeDead } from "./consume.ts";
import type { BatchEnv } from "./env.ts";
import { sweep } from "./sweep.ts";

/** Bytes of pictures held at once. */
const IN_FLIGHT_BYTES = 48 * 2 ** 20;
/** Nobody waits for an answer here. */
const PATIENCE_MS = 60_000;

const isDead = (queue: string): boolean => queue.endsWith("-dead");

/** @param big files of the big model, where there is one */
export function createBatch(files: DeploymentFiles, big?: BigFiles): ExportedHandler<BatchEnv, unknown> {
  const inFlight = new InFlight(IN_FLIGHT_BYTES, PATIENCE_MS);
  let read: Working | undefined;
  /** Read when it is first asked for. */
  const working = (env: BatchEnv): Working => {
    read ??= {
      ...{ deployment: readDeployment(files), inFlight, texts: new TextVectors() },
      encode: backendEncoder(env),
      big: big && { deployment: readBig(big), inFlight, texts: new TextVectors(), encode: bigEncoder(env) },
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
