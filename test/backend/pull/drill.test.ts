// Pull mode from end to end: real Workers, a queue behind Cloudflare's pull API, real backends that are killed, stopped and
// misled. Afterwards every line is answered exactly once.
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Collection } from "../../../src/build/collection.ts";
import { encodeFrame, FRAMES } from "../../../src/core/batch/frames.ts";
import { cosine, MANIFEST, type RunningBackend, startBackend } from "../running.ts";
import { type ApiProxy, apiProxy } from "./apiProxy.ts";
import { BACKEND_KEY, CLIENT_KEY, pullCollection } from "./collection.ts";
import { ACCOUNT, QUEUE, type QueueServer, queueServer, TOKEN } from "./queueServer.ts";

const installed = inject("backend") !== "";
const PATIENCE_MS = 240_000;
const PICTURES = ["hat", "pants", "dress", "shoes", "skirt"];

let queue: QueueServer;
let running: Collection;
let api: ApiProxy;
let uris: string[];
const backends = new Set<RunningBackend>();

beforeAll(async () => {
  if (!installed) return;
  queue = await queueServer();
  running = await pullCollection(queue.url);
  api = await apiProxy(running.url);
  uris = await Promise.all(
    PICTURES.map(async (name) => {
      const bytes = await readFile(`test/fixtures/pictures/${name}.jpg`);
      return `data:image/jpeg;base64,${bytes.toString("base64")}`;
    }),
  );
});
afterAll(async () => {
  await Promise.all([...backends].map((backend) => backend.stop()));
  await running?.stop();
  queue?.close();
  api?.close();
});

const environment = () => ({
  ...{ EDGECLIP_URL: api.url, EDGECLIP_KEY: BACKEND_KEY, CLOUDFLARE_API_BASE_URL: queue.url },
  ...{ CLOUDFLARE_ACCOUNT_ID: ACCOUNT, PULL_QUEUE_ID: QUEUE, CLOUDFLARE_API_TOKEN: TOKEN },
});
async function pulling(...args: string[]): Promise<RunningBackend> {
  const backend = await startBackend(["--pull", "--pull-lease", "30", "--threads", "1", ...args], environment());
  backends.add(backend);
  return backend;
}
async function stop(backend: RunningBackend): Promise<number | null> {
  backends.delete(backend);
  return backend.stop();
}

const call = (path: string, init: RequestInit = {}, key = CLIENT_KEY) =>
  fetch(`${running.url}/v1${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
const asBackend = (path: string, body: object) =>
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

async function submit(query: string, lines: readonly (object | string)[]): Promise<string> {
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

async function ended(id: string): Promise<Job> {
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
async function linesOf(id: string, what: "results" | "errors"): Promise<Line[]> {
  const text = await (await call(`/batches/${id}/${what}`)).text();
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

const ROWS = 150;
/** Two of them are no pictures. */
const lines = () =>
  Array.from({ length: ROWS }, (_, at) =>
    at === 7 ? "no JSON" : at === 130 ? { custom_id: "130" } : { custom_id: `${at}`, image: uris[at % uris.length] },
  );
const GOOD = Array.from({ length: ROWS }, (_, at) => at).filter((at) => at !== 7 && at !== 130);

async function vectorsOfEdge(): Promise<Float32Array[]> {
  const response = await call("/embeddings", {
    method: "POST",
    body: JSON.stringify({ model: "nano", input: uris.map((image) => ({ image })) }),
    headers: { "content-type": "application/json" },
  });
  const { data } = (await response.json()) as { data: { embedding: number[] }[] };
  return data.map(({ embedding }) => Float32Array.from(embedding));
}

/** Every line once, in order, each with the vector of its own picture. */
async function expectWhole(id: string): Promise<void> {
  const job = await ended(id);
  expect(job).toMatchObject({ status: "completed", counts: { total: ROWS, completed: ROWS - 2, failed: 2 } });
  const [results, errors, edge] = await Promise.all([linesOf(id, "results"), linesOf(id, "errors"), vectorsOfEdge()]);
  expect(results.map(({ custom_id }) => custom_id)).toEqual(GOOD.map(String));
  expect(errors.map(({ custom_id }) => custom_id)).toEqual([null, "130"]);
  for (const [at, { result }] of results.entries())
    expect(cosine(Float32Array.from(result.embedding), edge[(GOOD[at] ?? 0) % uris.length])).toBeGreaterThan(0.999);
}

/** Whole and no message is left. */
async function expectEmpty(): Promise<void> {
  await expect.poll(() => queue.kept.size, { timeout: 20_000 }).toBe(0);
}

test.skipIf(!installed)(
  "each task is answered as at the edge, and messages are acknowledged",
  { timeout: PATIENCE_MS },
  async () => {
    const backend = await pulling();
    const few = uris.map((image, at) => ({ custom_id: PICTURES[at], image }));
    const ids = await Promise.all([
      submit("task=embed", lines()),
      submit("task=classify&bank=everyday&top_k=1", few),
      submit("task=tag&bank=everyday", few),
      submit("task=moderate", [...few, { custom_id: "broken", image: { data: "AAAA" } }]),
    ]);
    const [embed = "", classify = "", tag = "", moderate = ""] = ids;
    await expectWhole(embed);
    for (const id of [classify, tag]) expect(await ended(id)).toMatchObject({ counts: { total: 5, completed: 5 } });
    expect((await linesOf(classify, "results"))[1]?.result.predictions[0]?.label).toBe("pants");
    expect(await ended(moderate)).toMatchObject({ counts: { total: 6, completed: 6 } });
    expect((await linesOf(moderate, "results")).at(-1)?.result.decision).toBe("review");
    await expectEmpty();
    const metrics = await (await fetch(`${backend.url}/metrics`)).text();
    expect(metrics).toMatch(/edgeclip_pull_chunks_total\{state="answered"\} [1-9]/);
    expect(metrics).toContain("edgeclip_pull_lines_total 166");
    expect(await stop(backend)).toBe(0);
  },
);

test.skipIf(!installed)(
  "500s of both sides and answers that break off: all is tried again",
  { timeout: PATIENCE_MS },
  async () => {
    queue.failing = 2;
    const seen: string[] = [];
    api.fate = (path) => {
      const name = path.split("?")[0]?.split("/").at(-1) ?? "";
      seen.push(name);
      const times = seen.filter((each) => each === name).length;
      if (name === "chunks") return times === 1 ? 500 : times === 2 ? "cut" : undefined;
      return name === "results" && times <= 2 ? 503 : undefined;
    };
    const backend = await pulling("--pull-chunks", "1");
    await expectWhole(await submit("task=embed", lines()));
    expect(backend.said()).toContain("could not be encoded");
    expect(backend.said()).toContain("nothing could be pulled");
    await expectEmpty();
    api.fate = () => undefined;
    expect(await stop(backend)).toBe(0);
  },
);

test.skipIf(!installed)(
  "each message is delivered again and again, to two backends at once",
  { timeout: PATIENCE_MS },
  async () => {
    queue.careless = true;
    const two = await Promise.all([pulling(), pulling()]);
    await expectWhole(await submit("task=embed", lines()));
    queue.careless = false;
    await Promise.all(two.map(stop));
    queue.kept.clear();
  },
);

test.skipIf(!installed)(
  "a backend dies mid-chunk, another is too slow: their leases run out, and others finish",
  { timeout: PATIENCE_MS },
  async () => {
    const id = await submit("task=embed", lines());
    await expect.poll(() => queue.kept.size, { timeout: 60_000 }).toBe(3);
    // One that is too slow: it takes a message and a chunk, and brings its vectors long after.
    const [slow] = queue.kept.values();
    if (slow) slow.visibleAt = Date.now() + 60_000;
    const taken = await asBackend("/chunks", { space: MANIFEST.space, lease_seconds: 30 });
    expect(taken.headers.get("content-type")).toBe(FRAMES);
    const [head = "{}"] = Buffer.from(await taken.arrayBuffer())
      .toString("latin1")
      .split("\n", 1);
    const { chunk, lease, rows } = JSON.parse(head) as { chunk: string; lease: number; rows: number };

    const dying = await pulling("--pull-chunks", "1");
    backends.delete(dying);
    const committing = Promise.withResolvers<void>();
    api.fate = async (path) => {
      if (!path.includes("/results")) return undefined;
      committing.resolve();
      process.kill(dying.pid, "SIGKILL");
      return 500;
    };
    await committing.promise;
    await dying.ended;
    api.fate = () => undefined;

    const other = await pulling();
    await expectWhole(id);
    const query = new URLSearchParams({ chunk, lease: String(lease), space: MANIFEST.space });
    const vector = new Float32Array(MANIFEST.embed_dim);
    vector[0] = 1;
    const frames = Array.from({ length: rows }, (_, row) =>
      encodeFrame({ row, views: 1, animated: false, frames: 1 }, [new Uint8Array(vector.buffer)]),
    );
    const late = await call(`/backend/results?${query}`, { method: "POST", body: Buffer.concat(frames) }, BACKEND_KEY);
    expect(await late.json()).toEqual({ chunk, state: "gone" });
    await expectWhole(id);
    await expectEmpty();
    expect(await stop(other)).toBe(0);
  },
);

test.skipIf(!installed)(
  "SIGTERM: what does not end in time is given back at once",
  { timeout: PATIENCE_MS },
  async () => {
    const held = Promise.withResolvers<void>();
    api.fate = (path) => {
      if (!path.endsWith("/chunks")) return undefined;
      held.resolve();
      return new Promise(() => {});
    };
    const before = queue.retries.length;
    const backend = await pulling("--drain-ms", "2000");
    const id = await submit("task=embed", lines());
    await held.promise;
    const start = Date.now();
    expect(await stop(backend)).toBe(0);
    expect(Date.now() - start).toBeLessThan(10_000);
    expect(queue.retries.slice(before).map(({ delay }) => delay)).toContain(0);
    api.fate = () => undefined;
    const other = await pulling();
    await expectWhole(id);
    await stop(other);
  },
);

test.skipIf(!installed)(
  "a job that is cancelled ends though no backend is there",
  { timeout: PATIENCE_MS },
  async () => {
    const id = await submit("task=embed", lines());
    await expect.poll(() => queue.kept.size, { timeout: 60_000 }).toBe(3);
    await call(`/batches/${id}/cancel`, { method: "POST" });
    expect(await ended(id)).toMatchObject({ status: "cancelled", counts: { total: ROWS, completed: 0, failed: ROWS } });
    const backend = await pulling();
    await expectEmpty();
    await stop(backend);
  },
);

test.skipIf(!installed)(
  "a backend of another space is refused, and so is what it brings",
  { timeout: PATIENCE_MS },
  async () => {
    const space = `sha256:${"0".repeat(64)}`;
    for (const response of [
      await asBackend("/chunks", { space }),
      await call(
        `/backend/results?${new URLSearchParams({ chunk: "a", lease: "1", space })}`,
        { method: "POST" },
        BACKEND_KEY,
      ),
    ]) {
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ code: "space_mismatch" });
    }
  },
);

test.skipIf(!installed)(
  "what a backend brings is checked, and only a backend's key may",
  { timeout: PATIENCE_MS },
  async () => {
    const { space, embed_dim } = MANIFEST;
    expect((await call("/backend/model")).status).toBe(403);
    expect((await call("/batches", {}, BACKEND_KEY)).status).toBe(403);
    expect(await (await call("/backend/model", {}, BACKEND_KEY)).json()).toMatchObject({
      id: "nano",
      space,
      embed_dim,
    });
    const id = await submit("task=embed", [{ custom_id: "a", image: uris[0] }]);
    await expect.poll(() => queue.kept.size, { timeout: 60_000 }).toBe(1);
    const taken = await asBackend("/chunks", { space });
    const [head = "{}"] = Buffer.from(await taken.arrayBuffer())
      .toString("latin1")
      .split("\n", 1);
    const { chunk, lease } = JSON.parse(head) as { chunk: string; lease: number };
    expect((await asBackend("/chunks", { space })).status).toBe(204);
    const query = new URLSearchParams({ chunk, lease: String(lease), space });
    const bring = (body: Uint8Array<ArrayBuffer>) =>
      call(`/backend/results?${query}`, { method: "POST", body }, BACKEND_KEY);
    const row = { row: 0, views: 1, animated: false, frames: 1 };
    const vector = (value: number) =>
      new Uint8Array(Float32Array.from({ length: embed_dim }, (_, at) => (at ? 0 : value)).buffer);
    const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
    for (const [body, message] of [
      [encodeFrame(row, [vector(2)]), "none of length 1"],
      [encodeFrame(row, [vector(Number.NaN)]), "none of length 1"],
      [encodeFrame(row, [vector(1).subarray(4)]), "vectors of width"],
      [encodeFrame({ ...row, row: 1 }, [vector(1)]), "row 0 must"],
      [encodeFrame({ ...row, more: 1 }, [vector(1)]), "Row 0"],
      [encodeFrame({ row: 0, error: { code: "no_code", detail: "" } }), "Row 0"],
      [join(encodeFrame(row, [vector(1)]), encodeFrame({ ...row, row: 1 }, [vector(1)])), "1 rows, not 2"],
      [join(encodeFrame(row, [vector(1)])).slice(0, -1), "ends within a frame"],
      [join(new TextEncoder().encode("hello\n")), "no JSON"],
      [new Uint8Array(), "1 rows, not 0"],
    ] as const) {
      const response = await bring(body);
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(message)]);
    }
    // Given back, it is due again, and no attempt was made.
    expect((await asBackend("/returns", { chunk, lease })).status).toBe(204);
    const backend = await pulling();
    expect(await ended(id)).toMatchObject({ counts: { total: 1, completed: 1 } });
    await stop(backend);
  },
);
