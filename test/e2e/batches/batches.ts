// Every Worker with a database, a bucket and queues, and how jobs are sent to them: what the tests of batches share.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, vi } from "vitest";
import type { Collection } from "../../../src/build/collection.ts";
import { runWrangler } from "../../../src/build/wrangler.ts";
import { API_KEY } from "../setup.ts";
import { Elsewhere } from "../webhooks/elsewhere.ts";
import { webhookCollection } from "../webhooks/start.ts";

export const SECRET = `whsec_${Buffer.from("a secret of 24 characters").toString("base64")}`;
const NDJSON = "application/x-ndjson";
const JSON_TYPE = "application/json";
/** A machine may be busy with other things. */
const PATIENCE_MS = 100_000;
const DONE = ["completed", "failed", "cancelled", "expired"];

/** Of another client, and of one who sees everybody's. */
export const [OTHER_KEY, ALL_KEY] = ["key-of-another", "key-that-sees-all"];
const hashed = (key: string): string => createHash("sha256").update(key).digest("hex");

export interface Job {
  id: string;
  object: string;
  task: string;
  status: string;
  counts: { total: number; completed: number; failed: number };
  rate: number | null;
  eta_seconds: number | null;
  errors: { code: string; message: string; line?: number }[];
  model: { id: string; space: string };
}
export interface ResultLine {
  custom_id: string;
  result: { embedding: number[]; predictions: { label: string }[]; tags: unknown[]; decision: string };
}
export interface ErrorLine {
  custom_id: string | null;
  line: number;
  error: { code: string; detail: string };
}

export const lines = (...each: unknown[]) =>
  each.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
export const address = (name: string) => `https://images.example.com/pictures/${name}.jpg`;

export async function accepted(response: Response): Promise<Job> {
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
  return response.json() as Promise<Job>;
}

/**
 * Started before the tests of the file that calls it, ended after them.
 * @param name of a folder of its own
 * @param objects in the bucket, `<prefix>/<name of a fixture>`
 */
export function batches(name: string, objects: readonly string[] = []) {
  vi.setConfig({ testTimeout: PATIENCE_MS + 20_000 });
  const elsewhere = new Elsewhere();
  let running: Collection;

  beforeAll(async () => {
    const workers = await webhookCollection(
      {},
      {
        API_KEYS_SHA256: [hashed(API_KEY), hashed(OTHER_KEY), `${hashed(ALL_KEY)}=batches+batches:all`].join(","),
        ...{ ALLOW_DEMO_MODERATION: "yes", BATCH_CALLBACK_SECRET: SECRET },
        ...{ REMOTE_HOSTS: "images.example.com", CALLBACK_HOSTS: "hooks.example.com" },
        ...{ DELIVERY_SCHEDULE: "0,0.2,0.2" },
      },
      await elsewhere.start(),
      `batches/${name}`,
    );
    await workers.migrated;
    for (const key of objects) {
      const file = `test/fixtures/pictures/${key.slice(key.lastIndexOf("/") + 1)}`;
      const place = ["--local", "--persist-to", workers.state, "-c", workers.config];
      const put = ["r2", "object", "put", `edgeclip/${key}`, "--file", file, ...place];
      const { status, said } = await runWrangler(put, "pipe");
      if (status !== 0) throw new Error(said);
    }
    running = await workers.start();
  });
  afterAll(async () => {
    await running?.stop();
    elsewhere.stop();
  });

  const call = (path: string, init: RequestInit = {}, headers: Record<string, string> = {}) =>
    fetch(`${running.url}/v1/batches${path}`, { ...init, headers: { authorization: `Bearer ${API_KEY}`, ...headers } });
  async function read<T>(path: string): Promise<T[]> {
    const response = await call(path);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, NDJSON]);
    const text = await response.text();
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T);
  }

  return {
    elsewhere,
    call,
    submit: (query: string, body: BodyInit, headers: Record<string, string> = {}) =>
      call(query, { method: "POST", body }, { "content-type": NDJSON, ...headers }),
    submitJson: (body: unknown) =>
      call("", { method: "POST", body: JSON.stringify(body) }, { "content-type": JSON_TYPE }),
    async ended({ id }: Pick<Job, "id">): Promise<Job> {
      for (const until = Date.now() + PATIENCE_MS; ; await sleep(100)) {
        const job = (await (await call(`/${id}`)).json()) as Job;
        if (DONE.includes(job.status)) return job;
        if (Date.now() > until) throw new Error(`the batch is still ${JSON.stringify(job)}`);
      }
    },
    results: ({ id }: Job) => read<ResultLine>(`/${id}/results`),
    errors: ({ id }: Job) => read<ErrorLine>(`/${id}/errors`),
    /** What the endpoint itself answers. */
    async direct(endpoint: string, body: unknown): Promise<unknown> {
      const response = await fetch(`${running.url}/v1/${endpoint}`, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": JSON_TYPE, authorization: `Bearer ${API_KEY}` },
      });
      return response.json();
    },
  };
}
