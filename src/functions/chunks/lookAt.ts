// The pictures of a chunk as squares of pixels, for who encodes them elsewhere: a few ahead of the reader, never all at once.
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import type { Framing } from "../../core/image/squares.ts";
import { Problem } from "../../core/problem.ts";
import { Timing } from "../answer/timing.ts";
import type { Job } from "../batches/jobs.ts";
import type { ReadLine } from "../batches/line.ts";
import type { InFlight } from "../body/inFlight.ts";
import { type Squares, squaresOf } from "../moderation/viewsOf.ts";
import { decodePicture } from "../tasks/decodePicture.ts";
import type { ChunkEnv } from "./env.ts";
import { parseLines } from "./parseLines.ts";
import { pictureReader } from "./pictureReader.ts";

/** Pictures on their way at once. */
const AHEAD = 2;
/** For room among the bodies of others. */
const PATIENCE_MS = 60_000;

/**
 * @returns one entry a line, in order
 */
export async function* lookAt(
  env: ChunkEnv,
  inFlight: InFlight,
  job: Job,
  framing: Framing,
  lines: readonly ReadLine[],
): AsyncGenerator<Squares | Problem> {
  const bytesOf = pictureReader(env, new Timing());
  const decode = async (bytes: Uint8Array<ArrayBuffer>): Promise<Squares> => {
    if (job.task === "moderate") return squaresOf(env.IMAGE, framing, bytes);
    const { pixels, animated } = await decodePicture(env.IMAGE, bytes, framing);
    return { squares: [pixels], animated, frames: 1 };
  };
  const left = parseLines(job, lines).map((line) => async (): Promise<Squares | Problem> => {
    if (line instanceof Problem) return line;
    const read = async () => decode(await bytesOf(line.image));
    return inFlight.hold(PICTURE_BYTES_CAP, read, PATIENCE_MS).catch((error: unknown) => Problem.from(error));
  });
  const ahead = left.splice(0, AHEAD).map((look) => look());
  for (let next = ahead.shift(); next; next = ahead.shift()) {
    const seen = await next;
    const look = left.shift();
    if (look) ahead.push(look());
    yield seen;
  }
}
