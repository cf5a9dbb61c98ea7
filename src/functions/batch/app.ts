// The batch Worker: what the queue brings, and the sweep.
import { InFlight } from "../body/inFlight.ts";
import { type DeploymentFiles, readDeployment } from "../deployment/deployment.ts";
import { consume } from "./consume.ts";
import type { BatchEnv } from "./env.ts";
import type { Judging } from "./judgeReceipt.ts";
import { sweep } from "./sweep.ts";

/** Bytes of pictures held at once. */
const IN_FLIGHT_BYTES = 48 * 2 ** 20;

export function createBatch(files: DeploymentFiles): ExportedHandler<BatchEnv, unknown> {
  const inFlight = new InFlight(IN_FLIGHT_BYTES);
  let read: Judging | undefined;
  /** Read when it is first asked for. */
  const judging = (): Judging => {
    read ??= { deployment: readDeployment(files), inFlight };
    return read;
  };
  return {
    queue: ({ messages }, env) => consume(env, judging, messages),
    scheduled: (_event, env) => sweep(env, Date.now()),
  };
}
