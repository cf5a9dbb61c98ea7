// What drills of pull mode stand on: real Workers, a queue behind Cloudflare's pull API, real backends, and what has to be there in
// the end.
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject } from "vitest";
import type { Collection } from "../../../src/build/collection.ts";
import { cosine, type RunningBackend, startBackend } from "../running.ts";
import { type ApiProxy, apiProxy } from "./apiProxy.ts";
import { BACKEND_KEY, CLIENT_KEY, pullCollection } from "./collection.ts";
import { ACCOUNT, QUEUE, type QueueServer, queueServer, TOKEN } from "./queueServer.ts";

export const installed = inject("backend") !== "";
export const PATIENCE_MS = 240_000;
export const PICTURES = ["hat", "pants", "dress", "shoes", "skirt"];

/** What stands from the first test of a file to its last. */
interface Standing {
  queue: QueueServer;
  running: Collection;
  api: ApiProxy;
  /** Of the pictures, in their order. */
  uris: string[];
}
export let standing: Standing;
export const backends = new Set<RunningBackend>();

/** @param name of a folder of its own, since files run side by side */
export function pullDrills(name: string): void {
  beforeAll(async () => {
    if (!installed) return;
    const queue = await queueServer();
    const running = await pullCollection(name, queue.url);
    const uris = await Promise.all(PICTURES.map(async (picture) => dataUri(picture)));
    standing = { queue, running, api: await apiProxy(running.url), uris };
  });
  afterAll(async () => {
    if (!installed) return;
    await Promise.all([...backends].map((backend) => backend.stop()));
    await standing.running.stop();
    standing.queue.close();
    standing.api.close();
  });
}

async function dataUri(picture: string): Promise<string> {
  const bytes = await readFile(`test/fixtures/pictures/${picture}.jpg`);
  return `data:image/jpeg;base64,${bytes.toString("base64")}`;
}

const environment = () => ({
  ...{ EDGECLIP_URL: standing.api.url, EDGECLIP_KEY: BACKEND_KEY, CLOUDFLARE_API_BASE_URL: standing.queue.url },
  ...{ CLOUDFLARE_ACCOUNT_ID: ACCOUNT, PULL_QUEUE_ID: QUEUE, CLOUDFLARE_API_TOKEN: TOKEN },
});
export async function pulling(...args: string[]): Promise<RunningBackend> {
  const backend = await startBackend(["--pull", "--pull-lease", "30", "--threads", "1", ...args], environment());
  backends.add(backend);
  return backend;
}
export async function stop(backend: RunningBackend): Promise<number | null> {
  backends.delete(backend);
  return backend.stop();
}

export const call = (path: string, init: RequestInit = {}, key = CLIENT_KEY) =>
  fetch(`${standing.running.url}/v1${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
export const asBackend = (path: string, body: object) =>
  call(
    `/backend${path}`,
    { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } },
    BACKEND_KEY,
  );

interface Job {
  id: string;
  status: string;
  counts: { total: number; completed: number; failed: number };
}

export async function submit(query: string, lines: readonly (object | string)[]): Promise<string> {
  const body = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
  const response = await call(`/batches?${query}`, {
    ...{ method: "POST", body, headers: { "content-type": "application/x-ndjson" } },
  });
  const text = await response.text();
  expect([response.status, text]).toEqual([202, text]);
  return (JSON.parse(text) as Job).id;
}
/** As the cron does each minute. */
const sweep = () => call("/admin/sweep", { method: "POST" });

export async function ended(id: string): Promise<Job> {
  const until = Date.now() + PATIENCE_MS - 20_000;
  for (let at = 0; Date.now() < until; at++) {
    const job = (await (await call(`/batches/${id}`)).json()) as Job;
    if (["completed", "failed", "cancelled", "expired"].includes(job.status)) return job;
    if (at % 20 === 19) await sweep();
    await sleep(250);
  }
  throw new Error(`the job does not end: ${await (await call(`/batches/${id}`)).text()}`);
}
interface Line {
  custom_id: string | null;
  result: { embedding: number[]; predictions: { label: string }[]; decision: string };
  error: { code: string };
}
export async function linesOf(id: string, what: "results" | "errors"): Promise<Line[]> {
  const text = await (await call(`/batches/${id}/${what}`)).text();
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

export const ROWS = 150;
/** Two of them are no pictures. */
export const lines = () =>
  Array.from({ length: ROWS }, (_, at) =>
    at === 7
      ? "no JSON"
      : at === 130
        ? { custom_id: "130" }
        : { custom_id: `${at}`, image: standing.uris[at % standing.uris.length] },
  );
const GOOD = Array.from({ length: ROWS }, (_, at) => at).filter((at) => at !== 7 && at !== 130);

async function vectorsOfEdge(): Promise<Float32Array[]> {
  const response = await call("/embeddings", {
    method: "POST",
    body: JSON.stringify({ model: "nano", input: standing.uris.map((image) => ({ image })) }),
    headers: { "content-type": "application/json" },
  });
  const { data } = (await response.json()) as { data: { embedding: number[] }[] };
  return data.map(({ embedding }) => Float32Array.from(embedding));
}

/** Every line once, in order, each with the vector of its own picture. */
export async function expectWhole(id: string): Promise<void> {
  const job = await ended(id);
  expect(job).toMatchObject({ status: "completed", counts: { total: ROWS, completed: ROWS - 2, failed: 2 } });
  const [results, errors, edge] = await Promise.all([linesOf(id, "results"), linesOf(id, "errors"), vectorsOfEdge()]);
  expect(results.map(({ custom_id }) => custom_id)).toEqual(GOOD.map(String));
  expect(errors.map(({ custom_id }) => custom_id)).toEqual([null, "130"]);
  for (const [at, { result }] of results.entries())
    expect(cosine(Float32Array.from(result.embedding), edge[(GOOD[at] ?? 0) % standing.uris.length])).toBeGreaterThan(
      0.999,
    );
}

/** No message is left. */
export async function expectEmpty(): Promise<void> {
  await expect.poll(() => standing.queue.kept.size, { timeout: 20_000 }).toBe(0);
}
