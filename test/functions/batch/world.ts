/// <reference types="@cloudflare/vitest-plugin/types" />
// A batch Worker whose queues and clock the tests hold in their hands, over a real database and a real bucket that fail when told to.
import { env } from "cloudflare:test";
import { vi } from "vitest";
import { answerInfer } from "../../../src/core/oip/answerInfer.ts";
import { HEADER_LENGTH } from "../../../src/core/oip/decode.ts";
import type { Manifest } from "../../../src/core/pack/manifest.ts";
import { Problem } from "../../../src/core/problem.ts";
import { consume } from "../../../src/functions/batch/consume.ts";
import type { BatchEnv } from "../../../src/functions/batch/env.ts";
import { sweep } from "../../../src/functions/batch/sweep.ts";
import { acceptJob, findJob, type Job, openJob, type Task } from "../../../src/functions/batches/jobs.ts";
import { inputKey, outputKey } from "../../../src/functions/batches/keys.ts";
import { InFlight } from "../../../src/functions/body/inFlight.ts";
import type { Working } from "../../../src/functions/chunks/working.ts";
import type { Deployment } from "../../../src/functions/deployment/deployment.ts";
import { TextVectors } from "../../../src/functions/tasks/textVectors.ts";
import type { Message as Work } from "../../../src/functions/work/message.ts";
import { bucketUnder, databaseUnder, Faults } from "./faults.ts";

const SIZE = 2;
export const POISON = 255;

interface Queued {
  body: Work;
  due: number;
}

/** A vector tells which picture it is of. */
const vectorOf = (shade: number, dim: number): Float32Array => {
  const vector = new Float32Array(dim);
  vector[shade % dim] = 1;
  return vector;
};

export interface World {
  env: BatchEnv;
  working: Working;
  faults: Faults;
  queued: Queued[];
  /** Pictures that were decoded. */
  decoded: number[];
  /** What stands in the way of a picture, told by its shade. */
  obstacle: (shade: number) => void;
  visionAway: boolean;
}

export function world(dim = 8): World {
  const faults = new Faults();
  const queued: Queued[] = [];
  const queue = {
    send: async (body: Work, options?: QueueSendOptions) =>
      void queued.push({ body, due: Date.now() + 1000 * (options?.delaySeconds ?? 0) }),
    sendBatch: async (messages: MessageSendRequest<Work>[]) => {
      if (messages.length > 100) throw new RangeError("a queue takes 100 messages at once");
      queued.push(...messages.map(({ body, delaySeconds = 0 }) => ({ body, due: Date.now() + 1000 * delaySeconds })));
    },
  };
  const manifest = {
    ...{ id: "m", space: "s", pack: "sha256:0123456789abcdef", embed_dim: dim, logit_scale: 1, logit_bias: 0 },
    image: { size: SIZE },
  } as Manifest;
  const made: World = {
    faults,
    queued,
    decoded: [],
    obstacle: (shade) => {
      if (shade === POISON) throw new Error("the isolate ended");
    },
    visionAway: false,
    working: {
      deployment: { manifest, banks: new Map(), policies: new Map() } as unknown as Deployment,
      inFlight: new InFlight(2 ** 30),
      texts: new TextVectors(),
    },
    env: {
      DB: databaseUnder(faults),
      BUCKET: bucketUnder(faults),
      WEBHOOKS: queue,
      BATCHES: queue,
      IMAGE: {
        fetch: async (_url: string, { body }: { body: Uint8Array }) => {
          const shade = body[0] ?? 0;
          made.decoded.push(shade);
          made.obstacle(shade);
          return new Response(new Uint8Array(SIZE * SIZE * 3).fill(shade));
        },
      },
      VISION: {
        fetch: async (_url: string, { body, headers }: { body: Uint8Array<ArrayBuffer>; headers: HeadersInit }) => {
          if (made.visionAway) return new Problem("model_unavailable", "away").toResponse();
          const served = {
            ...{ tower: "vision" as const, manifest, bounds: { pictures: 8, tokens: 1 } },
            encode: async ({ data, shape }: { data: ArrayLike<number | bigint>; shape: readonly number[] }) => {
              const rows = new Float32Array((shape[0] ?? 0) * dim);
              for (let row = 0; row < (shape[0] ?? 0); row++)
                rows.set(vectorOf(Number(data[row * SIZE * SIZE * 3]), dim), row * dim);
              return rows;
            },
          };
          return new Response(...responseOf(await answerInfer(served, body, new Headers(headers).get(HEADER_LENGTH))));
        },
      },
    } as unknown as BatchEnv,
  };
  return made;
}

const responseOf = ({ body, headers }: { body: BodyInit; headers: HeadersInit }): [BodyInit, ResponseInit] => [
  body,
  { headers },
];

let jobs = 0;

/** Accepts a job as the api does. @param shades of its pictures, or whole lines */
export async function submit(
  { env: own, working }: World,
  shades: readonly (number | string)[],
  more: { task?: Task; callback?: Job["callback"]; expires?: number } = {},
): Promise<string> {
  const id = `batch_${++jobs}`;
  const lines = shades.map((shade, at) =>
    typeof shade === "string"
      ? shade
      : JSON.stringify({ custom_id: `${at}`, image: { data: btoa(String.fromCharCode(shade)) } }),
  );
  await env.BUCKET.put(inputKey(id), lines.join("\n"));
  const now = Date.now();
  const model = { id: "m", space: "s", pack: "p" };
  const { task = "embed", callback = null, expires = now + 7 * 86_400_000 } = more;
  const dim = task === "embed" ? working.deployment.manifest.embed_dim : 0;
  await openJob(env.DB, { id, task, options: {}, model, dim, priority: 1, callback, caller: "", now, expires }, now);
  await acceptJob(env.DB, id, { upload: 1 }, { key: undefined, hash: "" }, now);
  await own.WEBHOOKS.send({ kind: "batch", id, due_at: now });
  return id;
}

export async function bring({ env: own, working }: World, bodies: readonly Work[]): Promise<Work[]> {
  const again: Work[] = [];
  const messages = bodies.map((body, at) => ({
    id: String(at),
    body,
    ack: () => {},
    retry: () => void again.push(body),
  }));
  await consume(own, () => working, messages as unknown as Message[]);
  return again;
}

const ENDED = ["completed", "failed", "cancelled", "expired"];
export const isEnded = (job: Job | undefined): boolean => job !== undefined && ENDED.includes(job.status);

interface Running {
  /** What happens to the messages that are due. */
  deliver?: (due: Work[]) => Work[];
  /** Called before each round. */
  round?: (round: number) => Promise<void>;
  /** Workers that get the same messages at once. */
  width?: number;
  /** Messages of a round. */
  most?: number;
}

/** Delivers what is due until the job has ended; where nothing is, three minutes pass and the sweep comes. */
export async function run(
  made: World,
  id: string,
  { deliver = (due) => due, round, width = 1, most = 3 }: Running = {},
): Promise<Job> {
  for (let at = 0; at < 400; at++) {
    await round?.(at);
    const job = await findJob(env.DB, id);
    if (job && isEnded(job)) return job;
    const now = Date.now();
    const due = made.queued.filter((message) => message.due <= now).slice(0, most);
    for (const message of due) made.queued.splice(made.queued.indexOf(message), 1);
    if (due.length === 0) {
      vi.setSystemTime(now + 3 * 60_000);
      await sweep(made.env, Date.now()).catch(() => {});
      continue;
    }
    const bodies = deliver(due.map(({ body }) => body));
    const again = await Promise.all(Array.from({ length: width }, () => bring(made, bodies)));
    made.queued.push(...again.flat().map((body) => ({ body, due: now + 10_000 })));
  }
  throw new Error(`the job does not end: ${JSON.stringify(await findJob(env.DB, id))}`);
}

export interface Outcome {
  /** Of results and errors, in the order in which they are told. */
  results: string[];
  errors: (string | null)[];
  codes: string[];
}

/** What a finished job is made of. */
export async function outcomeOf({ id }: Job): Promise<Outcome> {
  const lines = async (output: "results" | "errors") => {
    const text = (await (await env.BUCKET.get(outputKey(id, output)))?.text()) ?? "";
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { custom_id: string; error?: { code: string } });
  };
  const [results, errors] = [await lines("results"), await lines("errors")];
  return {
    results: results.map(({ custom_id }) => custom_id),
    errors: errors.map(({ custom_id }) => custom_id),
    codes: errors.map(({ error }) => error?.code ?? ""),
  };
}
