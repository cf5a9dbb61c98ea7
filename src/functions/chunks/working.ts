// What the chunks of an isolate share, and what is answered for a line of one.
import type { Problem } from "../../core/problem.ts";
import type { InFlight } from "../body/inFlight.ts";
import type { Deployment } from "../deployment/deployment.ts";
import type { EncodePixels } from "../parts/encodePixels.ts";
import type { TextVectors } from "../tasks/textVectors.ts";

export interface Working {
  deployment: Deployment;
  inFlight: InFlight;
  texts: TextVectors;
  /** Where backends are configured. */
  encode?: EncodePixels | undefined;
  /** In its place for what the edge handed to the big model, where there is one. */
  big?: Working | undefined;
}

export interface LineResult {
  result: unknown;
  /** Of `embed`: a unit vector [D]. */
  vector?: Float32Array;
}
/** A Problem below 500 is the line's own; from 500 on a part failed, and the line may be answered at another time. */
export type LineAnswer = LineResult | Problem;
