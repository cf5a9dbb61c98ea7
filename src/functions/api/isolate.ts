// What the requests of one isolate share: the deployment, the room for bodies, and the texts that were encoded.
import type { Handler } from "hono";
import { InFlight } from "../body/inFlight.ts";
import { declaredBytes } from "../body/readBody.ts";
import { type Deployment, type DeploymentFiles, readDeployment } from "./deployment.ts";
import type { AppTypes } from "./env.ts";
import { bodyCap } from "./readInput.ts";
import { TextVectors } from "./textVectors.ts";

/** Bytes of bodies held at once. */
const IN_FLIGHT_BYTES = 48 * 2 ** 20;

export interface Isolate {
  /** Read when it is first asked for. */
  deployment(): Deployment;
  inFlight: InFlight;
  texts: TextVectors;
}

export function createIsolate(files: DeploymentFiles): Isolate {
  let read: Deployment | undefined;
  const deployment = (): Deployment => {
    read ??= readDeployment(files);
    return read;
  };
  return { deployment, inFlight: new InFlight(IN_FLIGHT_BYTES), texts: new TextVectors() };
}

/** A handler that starts once there is room for the body of its request. */
export const withRoom =
  ({ inFlight }: Isolate, handle: (context: Parameters<Handler<AppTypes>>[0]) => Promise<Response>) =>
  (context: Parameters<Handler<AppTypes>>[0]): Promise<Response> =>
    inFlight.hold(declaredBytes(context.req.raw, bodyCap(context.req.raw)), () => handle(context));
