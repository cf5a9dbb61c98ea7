// Answers lines whose pictures are vectors already, wherever they were encoded: each line by itself.
import { Problem } from "../../core/problem.ts";
import { Timing } from "../answer/timing.ts";
import type { Job } from "../batches/jobs.ts";
import type { TaskOptions } from "../batches/taskOptions.ts";
import type { InFlight, Lease } from "../body/inFlight.ts";
import { checkModerator } from "../moderation/judge.ts";
import type { Views } from "../moderation/viewsOf.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import type { Asking } from "../tasks/ask.ts";
import { type AskedFor, askFor } from "../tasks/askFor.ts";
import { classifyPicture } from "../tasks/classifyPicture.ts";
import { moderatePicture, standardsOf } from "../tasks/moderatePicture.ts";
import { tagPicture } from "../tasks/tagPicture.ts";
import { each } from "./each.ts";
import type { ChunkEnv } from "./env.ts";
import type { ParsedLine } from "./parseLines.ts";
import type { LineAnswer, LineResult, Working } from "./working.ts";

/** JSON of the same fp32, in half the digits. */
const shortest = (vector: Float32Array): number[] => Array.from(vector, (value) => Number(value.toPrecision(9)));

/** Labels of one source are encoded once. */
function askedOnce(
  inFlight: InFlight,
  askingWith: (lease: Lease) => Asking,
): (options: TaskOptions) => Promise<AskedFor> {
  const known = new Map<string, Promise<AskedFor>>();
  return (options) => {
    if (options.task !== "classify" && options.task !== "tag") throw new RangeError("a task without labels");
    const { task, bank, labels, template } = options;
    const key = JSON.stringify([task, bank, labels, template]);
    const asked = known.get(key) ?? inFlight.hold(0, (lease) => askFor(askingWith(lease), task, options, []));
    known.set(key, asked);
    return asked;
  };
}

/**
 * @param pictures one a line: its views as vectors, the centre first, or why there are none
 * @returns one answer a line, in order
 */
export async function answerViews(
  env: ChunkEnv,
  { deployment, texts, inFlight, encode }: Working,
  { task }: Job,
  parsed: readonly (ParsedLine | Problem)[],
  pictures: readonly (Views | Problem)[],
): Promise<LineAnswer[]> {
  const timing = new Timing();
  const parts = { ...env, encode };
  const asked = askedOnce(inFlight, (lease) => ({
    ...{ env: parts, timing, deployment, texts },
    fetchRemote: remoteFetcher(env, timing, lease),
  }));
  return each(parsed, async (line, at): Promise<LineResult> => {
    const views = pictures[at];
    if (line instanceof Problem) throw line;
    if (!views) throw new RangeError("a line without a picture");
    const { options } = line;
    if (options.task === "moderate") {
      checkModerator(deployment, env.ALLOW_DEMO_MODERATION);
      const standards = standardsOf(deployment, options);
      return { result: await moderatePicture(parts, timing, deployment, views, standards, options.tenant) };
    }
    if (views instanceof Problem) throw views;
    const [vector] = views.vectors;
    if (!vector) throw new RangeError(`a picture without a vector, to ${task}`);
    const picture = { vector, animated: views.animated };
    switch (options.task) {
      case "classify":
        return { result: classifyPicture(deployment, await asked(options), picture, options) };
      case "tag":
        return { result: tagPicture(deployment, await asked(options), picture, options) };
      default:
        return { result: { embedding: shortest(vector) }, vector };
    }
  });
}
