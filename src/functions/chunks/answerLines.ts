// Answers the lines of a chunk here: each by itself, so that what is wrong with one is that one's error and nobody else's.
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { Problem } from "../../core/problem.ts";
import { Timing } from "../answer/timing.ts";
import type { Job } from "../batches/jobs.ts";
import type { ReadLine } from "../batches/line.ts";
import { orUnusable } from "../input/orUnusable.ts";
import { checkModerator } from "../moderation/judge.ts";
import type { Views } from "../moderation/viewsOf.ts";
import { encodePixels } from "../parts/encodePixels.ts";
import { type DecodedPicture, decodePicture } from "../tasks/decodePicture.ts";
import { moderatePicture, standardsOf } from "../tasks/moderatePicture.ts";
import { answerViews } from "./answerViews.ts";
import { each } from "./each.ts";
import type { ChunkEnv } from "./env.ts";
import { parseLines } from "./parseLines.ts";
import { pictureReader } from "./pictureReader.ts";
import type { LineAnswer, LineResult, Working } from "./working.ts";

/** @returns one answer a line, in order */
export async function answerLines(
  env: ChunkEnv,
  working: Working,
  job: Job,
  lines: readonly ReadLine[],
): Promise<LineAnswer[]> {
  const { deployment, inFlight, encode } = working;
  const timing = new Timing();
  const parts = { ...env, encode };
  const bytesOf = pictureReader(env, timing, job.id);
  const parsed = parseLines(job, lines);

  // A picture has many views: those of a whole chunk do not fit the memory.
  if (job.task === "moderate") {
    return each(parsed, async (line): Promise<LineResult> => {
      if (line instanceof Problem) throw line;
      const { image, options } = line;
      if (options.task !== "moderate") throw new RangeError("another task");
      checkModerator(deployment, env.ALLOW_DEMO_MODERATION);
      const standards = standardsOf(deployment, options);
      const result = await inFlight.hold(PICTURE_BYTES_CAP, async () =>
        moderatePicture(parts, timing, deployment, await orUnusable(bytesOf(image)), standards, options.tenant),
      );
      return { result };
    });
  }

  const decoded = await each(parsed, async (line) => {
    if (line instanceof Problem) throw line;
    return inFlight.hold(PICTURE_BYTES_CAP, async () =>
      decodePicture(env.IMAGE, await bytesOf(line.image), deployment.manifest.image),
    );
  });
  const pictures = decoded.filter((picture): picture is DecodedPicture => !(picture instanceof Problem));
  const vectors = await encodePixels(
    parts,
    deployment.manifest,
    pictures.map(({ pixels }) => pixels),
  ).catch((error: unknown) => Problem.from(error));
  const next = vectors instanceof Problem ? undefined : vectors.values();
  const encoded = decoded.map((picture): Views | Problem => {
    if (picture instanceof Problem) return picture;
    if (vectors instanceof Problem) return vectors;
    return { vectors: [next?.next().value ?? new Float32Array()], animated: picture.animated, frames: 1 };
  });
  return answerViews(env, working, job, parsed, encoded);
}
