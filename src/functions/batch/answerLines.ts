// Answers the lines of a chunk: each by itself, so that what is wrong with one is that one's error and nobody else's.
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { Problem } from "../../core/problem.ts";
import { Timing } from "../answer/timing.ts";
import type { Job, Task } from "../batches/jobs.ts";
import { isOwn } from "../batches/keys.ts";
import type { ReadLine } from "../batches/line.ts";
import { ofLine, type TaskOptions, taskOptions } from "../batches/taskOptions.ts";
import type { InFlight } from "../body/inFlight.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { orUnusable } from "../input/orUnusable.ts";
import { pictureFromJson, type ReadObject } from "../input/picture.ts";
import { checkModerator } from "../moderation/judge.ts";
import { type EncodePixels, encodePixels } from "../parts/encodePixels.ts";
import { type FetchRemote, remoteFetcher } from "../remote/remoteFetcher.ts";
import type { Asking } from "../tasks/ask.ts";
import { type AskedFor, askFor } from "../tasks/askFor.ts";
import { classifyPicture } from "../tasks/classifyPicture.ts";
import { type DecodedPicture, decodePicture } from "../tasks/decodePicture.ts";
import type { EncodedPicture } from "../tasks/encodePictures.ts";
import { moderatePicture, standardsOf } from "../tasks/moderatePicture.ts";
import { tagPicture } from "../tasks/tagPicture.ts";
import type { TextVectors } from "../tasks/textVectors.ts";
import type { BatchEnv } from "./env.ts";

/** Pictures on their way at once. */
const WIDTH = 4;

/** What the messages of an isolate share. */
export interface Working {
  deployment: Deployment;
  inFlight: InFlight;
  texts: TextVectors;
  /** Where backends are configured. */
  encode?: EncodePixels | undefined;
}

export interface LineResult {
  result: unknown;
  /** Of `embed`: a unit vector [D]. */
  vector?: Float32Array;
}
/** A Problem below 500 is the line's own; from 500 on a part failed, and the line may be answered at another time. */
export type LineAnswer = LineResult | Problem;

type Bytes = Uint8Array<ArrayBuffer>;

/** @throws Problem `not_found`, `body_too_large`, `invalid_request` */
const objectReader =
  ({ BUCKET }: BatchEnv): ReadObject =>
  async (key, pointer) => {
    const wrong = (code: "not_found" | "body_too_large" | "invalid_request", message: string) =>
      new Problem(code, `${pointer} ${message}.`, { errors: [{ pointer, message }] });
    if (isOwn(key)) throw wrong("invalid_request", "names an object of a batch, not a picture");
    const object = await BUCKET.get(key);
    if (!object) throw wrong("not_found", "names no object of the bucket");
    if (object.size > PICTURE_BYTES_CAP) {
      await object.body.cancel();
      throw wrong("body_too_large", `has more than the ${PICTURE_BYTES_CAP / 2 ** 20} MiB that a picture may have`);
    }
    return new Uint8Array(await object.arrayBuffer());
  };

/** Runs `work` for each item, a few at a time; what it throws becomes that item's answer. */
async function each<T, R>(items: readonly T[], work: (item: T, at: number) => Promise<R>): Promise<(R | Problem)[]> {
  const answers: (R | Problem)[] = [];
  const left = [...items.entries()].values();
  const lane = async () => {
    for (const [at, item] of left) {
      answers[at] = await work(item, at).catch((error: unknown) => Problem.from(error));
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
  return answers;
}

interface Parsed {
  image: unknown;
  options: TaskOptions;
}

function parsedLines(task: Task, job: Job, lines: readonly ReadLine[]): (Parsed | Problem)[] {
  let usual: TaskOptions | undefined;
  return lines.map(({ content }) => {
    if (content instanceof Problem) return content;
    const { image, ...own } = content;
    try {
      if (Object.keys(own).length > 0)
        return { image, options: taskOptions(task, { options: ofLine(job.options, own), form: "json" }) };
      usual ??= taskOptions(task, { options: job.options, form: "json" });
      return { image, options: usual };
    } catch (error) {
      return Problem.from(error);
    }
  });
}

/** JSON of the same fp32, in half the digits. */
const shortest = (vector: Float32Array): number[] => Array.from(vector, (value) => Number(value.toPrecision(9)));

/** Labels of one source are encoded once. */
function askedOnce(asking: Asking): (options: TaskOptions) => Promise<AskedFor> {
  const known = new Map<string, Promise<AskedFor>>();
  return (options) => {
    if (options.task !== "classify" && options.task !== "tag") throw new RangeError("a task without labels");
    const { task, bank, labels, template } = options;
    const key = JSON.stringify([task, bank, labels, template]);
    const asked = known.get(key) ?? askFor(asking, task, options, []);
    known.set(key, asked);
    return asked;
  };
}

/** @returns one answer a line, in order */
export async function answerLines(
  env: BatchEnv,
  { deployment, inFlight, texts, encode }: Working,
  job: Job,
  lines: readonly ReadLine[],
): Promise<LineAnswer[]> {
  const timing = new Timing();
  const parts = { ...env, encode };
  const asking: Asking = { env: parts, timing, deployment, texts };
  const fetchRemote: FetchRemote = remoteFetcher(env, timing);
  const readObject = objectReader(env);
  const bytesOf = (image: unknown): Promise<Bytes> => pictureFromJson(image, "/image", fetchRemote, readObject);
  const parsed = parsedLines(job.task, job, lines);

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
      decodePicture(env.IMAGE, await bytesOf(line.image), deployment.manifest.image.size),
    );
  });
  const pictures = decoded.filter((picture): picture is DecodedPicture => !(picture instanceof Problem));
  const vectors = await encodePixels(
    parts,
    deployment.manifest,
    pictures.map(({ pixels }) => pixels),
  ).catch((error: unknown) => Problem.from(error));
  const next = vectors instanceof Problem ? undefined : vectors.values();
  const encoded = decoded.map((picture): EncodedPicture | Problem => {
    if (picture instanceof Problem) return picture;
    if (vectors instanceof Problem) return vectors;
    return { vector: next?.next().value ?? new Float32Array(), animated: picture.animated };
  });
  const asked = askedOnce(asking);
  return each(encoded, async (picture, at): Promise<LineResult> => {
    const line = parsed[at];
    if (picture instanceof Problem) throw picture;
    if (line === undefined || line instanceof Problem) throw line ?? new RangeError("a picture without a line");
    const { options } = line;
    switch (options.task) {
      case "classify":
        return { result: classifyPicture(deployment, await asked(options), picture, options) };
      case "tag":
        return { result: tagPicture(deployment, await asked(options), picture, options) };
      default:
        return { result: { embedding: shortest(picture.vector) }, vector: picture.vector };
    }
  });
}
