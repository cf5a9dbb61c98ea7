// What the requests of one isolate share: the deployment, the room for bodies, and the texts that were encoded.
import type { Context, Handler } from "hono";
import { Problem } from "../../core/problem.ts";
import { InFlight, type Lease } from "../body/inFlight.ts";
import { declaredBytes } from "../body/readBody.ts";
import { type Deployment, type DeploymentFiles, readDeployment } from "../deployment/deployment.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import type { Asking } from "../tasks/ask.ts";
import { TextVectors } from "../tasks/textVectors.ts";
import type { AppTypes } from "./env.ts";
import { bodyCap, type Reading } from "./readInput.ts";

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

export const askingOf = (isolate: Isolate, { env, var: { timing } }: Context<AppTypes>, lease: Lease): Asking => ({
  ...{ env, timing, deployment: isolate.deployment(), texts: isolate.texts },
  fetchRemote: remoteFetcher(env, timing, lease),
});

type Handle = (context: Parameters<Handler<AppTypes>>[0], lease: Lease) => Promise<Response>;

/** A body that says to be too large is never read: a tolerant handler needs no room to say so. */
function roomFor(request: Request, reading: Reading): number {
  try {
    return declaredBytes(request, bodyCap(request));
  } catch (error) {
    if (reading === "tolerant" && error instanceof Problem && error.code === "body_too_large") return 0;
    throw error;
  }
}

/** Works once there is room for the body of the request. */
export const inRoom = <T>(
  { inFlight }: Isolate,
  { req: { raw } }: Context<AppTypes>,
  work: (lease: Lease) => Promise<T>,
  reading: Reading = "strict",
): Promise<T> => inFlight.hold(roomFor(raw, reading), work);

/** A handler that starts once there is room for the body of its request. */
export const withRoom =
  (isolate: Isolate, handle: Handle): Handler<AppTypes> =>
  (context) =>
    inRoom(isolate, context, (lease) => handle(context, lease));
