// Batches through every Worker, a database, a bucket and queues: accepted, answered line by line, put together, told.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Collection } from "../../src/build/collection.ts";
import { runWrangler } from "../../src/build/wrangler.ts";
import { sha256 } from "../../src/core/hash.ts";
import { dataUri, picture, problemOf } from "./request.ts";
import { API_KEY } from "./setup.ts";
import { Elsewhere } from "./webhooks/elsewhere.ts";
import { webhookCollection } from "./webhooks/start.ts";

const SECRET = `whsec_${Buffer.from("a secret of 24 characters").toString("base64")}`;
const NDJSON = "application/x-ndjson";
const JSON_TYPE = "application/json";
/** A machine may be busy with other things. */
const PATIENCE_MS = 100_000;
vi.setConfig({ testTimeout: PATIENCE_MS + 20_000 });
const DONE = ["completed", "failed", "cancelled", "expired"];

/** Of another client, and of one who sees everybody's. */
const [OTHER_KEY, ALL_KEY] = ["key-of-another", "key-that-sees-all"];
const hashed = (key: string): string => createHash("sha256").update(key).digest("hex");

interface Job {
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
interface ResultLine {
  custom_id: string;
  result: { embedding: number[]; predictions: { label: string }[]; tags: unknown[]; decision: string };
}
interface ErrorLine {
  custom_id: string | null;
  line: number;
  error: { code: string; detail: string };
}

const elsewhere = new Elsewhere();
let running: Collection;
const hat = dataUri(await picture("hat"));

beforeAll(async () => {
  const keys = (await sha256(new TextEncoder().encode(API_KEY))).slice("sha256:".length);
  const workers = await webhookCollection(
    {},
    {
      ...{ API_KEYS_SHA256: [keys, hashed(OTHER_KEY), `${hashed(ALL_KEY)}=batches+batches:all`].join(",") },
      ...{ ALLOW_DEMO_MODERATION: "yes", BATCH_CALLBACK_SECRET: SECRET },
      ...{ REMOTE_HOSTS: "images.example.com", CALLBACK_HOSTS: "hooks.example.com" },
      ...{ DELIVERY_SCHEDULE: "0,0.2,0.2" },
    },
    await elsewhere.start(),
    "batches",
  );
  await workers.migrated;
  for (const name of ["shop/hat.jpg", "shop/pants.jpg"]) {
    const file = `test/fixtures/pictures/${name.slice(5)}`;
    const place = ["--local", "--persist-to", workers.state, "-c", workers.config];
    const { status, said } = await runWrangler(
      ["r2", "object", "put", `edgeclip/${name}`, "--file", file, ...place],
      "pipe",
    );
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
const lines = (...each: unknown[]) =>
  each.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
const submit = (query: string, body: BodyInit, headers: Record<string, string> = {}) =>
  call(query, { method: "POST", body }, { "content-type": NDJSON, ...headers });
const submitJson = (body: unknown) =>
  call("", { method: "POST", body: JSON.stringify(body) }, { "content-type": JSON_TYPE });
async function accepted(response: Response): Promise<Job> {
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
  return response.json() as Promise<Job>;
}
async function ended({ id }: Job): Promise<Job> {
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(100)) {
    const job = (await (await call(`/${id}`)).json()) as Job;
    if (DONE.includes(job.status)) return job;
    if (Date.now() > until) throw new Error(`the batch is still ${JSON.stringify(job)}`);
  }
}
async function read<T>(path: string): Promise<T[]> {
  const response = await call(path);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, NDJSON]);
  const text = await response.text();
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}
const results = ({ id }: Job) => read<ResultLine>(`/${id}/results`);
const errors = ({ id }: Job) => read<ErrorLine>(`/${id}/errors`);
const address = (name: string) => `https://images.example.com/pictures/${name}.jpg`;

/** What the endpoint itself answers. */
async function direct(endpoint: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${running.url}/v1/${endpoint}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": JSON_TYPE, authorization: `Bearer ${API_KEY}` },
  });
  return response.json();
}

describe("a job", () => {
  test("each line is answered as the endpoint answers it, in the order of the input", async () => {
    const names = ["hat", "pants", "shoes", "dress"];
    const body = lines(...names.map((name) => ({ custom_id: name, image: address(name) })));
    const cases: [task: string, options: Record<string, unknown>][] = [
      ["classify", { bank: "everyday", top_k: 3 }],
      ["tag", { bank: "everyday", min_score: 0.1 }],
      ["moderate", { policy: "clothes" }],
      ["classify", { labels: ["a hat", "trousers"] }],
    ];
    for (const [task, options] of cases) {
      const query = new URLSearchParams({ task });
      for (const [name, value] of Object.entries(options))
        for (const each of [value].flat()) query.append(name, String(each));
      const job = await accepted(await submit(`?${query}`, body));
      expect(job).toMatchObject({
        id: expect.stringMatching(/^batch_\w+$/),
        object: "batch",
        task,
        status: "validating",
      });
      expect(await ended(job)).toMatchObject({ status: "completed", counts: { total: 4, completed: 4, failed: 0 } });
      const told = await results(job);
      expect(told.map(({ custom_id }) => custom_id)).toEqual(names);
      for (const { custom_id, result } of told)
        expect(result).toEqual(await direct(task, { image: address(custom_id), ...options }));
      expect(await errors(job)).toEqual([]);
    }
  });

  test("what is wrong with a line is its own error, and the others are answered", async () => {
    const job = await accepted(
      await submit(
        "?task=classify&bank=everyday&top_k=1",
        lines(
          { custom_id: "a", image: hat },
          "no JSON",
          "",
          { custom_id: "b", image: "https://elsewhere.example.com/a.jpg" },
          { custom_id: "c", image: { data: "bm8gcGljdHVyZQ==" } },
          { custom_id: "d", image: { key: "shop/hat.jpg" }, top_k: 2 },
          { custom_id: "e", image: { key: "nothing.jpg" } },
          { image: hat },
          { custom_id: "f", image: hat, bank: "none" },
          { custom_id: "g", image: hat, colour: "red" },
          { custom_id: "h", image: { key: "batches/x" } },
          { custom_id: "i" },
          "[1]",
        ),
      ),
    );
    expect(await ended(job)).toMatchObject({ status: "completed", counts: { total: 12, completed: 2, failed: 10 } });
    expect((await results(job)).map(({ custom_id, result }) => [custom_id, result.predictions.length])).toEqual([
      ["a", 1],
      ["d", 2],
    ]);
    expect((await errors(job)).map(({ custom_id, line, error }) => [custom_id, line, error.code])).toEqual([
      [null, 2, "invalid_json"],
      ["b", 4, "remote_refused"],
      ["c", 5, "unsupported_image"],
      ["e", 7, "not_found"],
      [null, 8, "invalid_request"],
      ["f", 9, "bank_not_found"],
      ["g", 10, "invalid_request"],
      ["h", 11, "invalid_request"],
      ["i", 12, "invalid_request"],
      [null, 13, "invalid_request"],
    ]);
  });

  test("embeddings: NDJSON, and rows for NumPy with NaN where there is none; both in ranges", async () => {
    const each = Array.from({ length: 70 }, (_, i) => ({ custom_id: `${i}`, image: i === 65 ? "x" : hat }));
    const job = await accepted(await submit("?task=embed&model=nano", lines(...each)));
    const early = await call(`/${job.id}/results?format=npy`);
    expect([early.status, (await problemOf(early)).code]).toEqual([409, "batch_not_finished"]);
    const done = await ended(job);
    expect(done).toMatchObject({ status: "completed", counts: { total: 70, completed: 69, failed: 1 } });
    const told = await results(job);
    const { data } = (await direct("embeddings", { model: "nano", input: [{ image: hat }] })) as {
      data: { embedding: number[] }[];
    };
    const vector = Float32Array.from(data[0]!.embedding);
    expect(Float32Array.from(told[0]!.result.embedding)).toEqual(vector);
    expect(told.map(({ custom_id }) => custom_id)).toEqual(
      each.map(({ custom_id }) => custom_id).filter((id) => id !== "65"),
    );

    const npy = new Uint8Array(await (await call(`/${job.id}/results?format=npy`)).arrayBuffer());
    const rows = new Float32Array(npy.slice(128).buffer);
    expect(new TextDecoder().decode(npy.slice(10, 128))).toContain(`'shape': (70, ${vector.length})`);
    expect(rows.length).toBe(70 * vector.length);
    expect(rows.slice(69 * vector.length)).toEqual(vector);
    expect(rows.slice(65 * vector.length, 66 * vector.length).every(Number.isNaN)).toBe(true);

    const all = await (await call(`/${job.id}/results`)).text();
    const part = await call(`/${job.id}/results`, {}, { range: "bytes=10-29" });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 10-29/${all.length}`]);
    expect(await part.text()).toBe(all.slice(10, 30));
    const tail = await call(
      `/${job.id}/results`,
      {},
      { range: "bytes=-5", "if-range": part.headers.get("etag") ?? "" },
    );
    expect([tail.status, await tail.text()]).toEqual([206, all.slice(-5)]);
    const beyond = await call(`/${job.id}/results`, {}, { range: `bytes=${all.length}-` });
    expect([beyond.status, (await problemOf(beyond)).code]).toEqual([416, "range_not_satisfiable"]);
  });

  test("a repeated custom_id fails it while it is validated, as does an input without lines", async () => {
    const image = hat;
    const repeated = await ended(
      await accepted(
        await submit(
          "?task=embed",
          lines({ custom_id: "a", image }, { custom_id: "b", image }, { custom_id: "a", image }),
        ),
      ),
    );
    expect(repeated).toMatchObject({ status: "failed", errors: [{ code: "invalid_request", line: 3 }] });
    expect(await results(repeated)).toEqual([]);
    const empty = await ended(await accepted(await submit("?task=embed", "\n\n")));
    expect(empty).toMatchObject({ status: "failed", errors: [{ message: "The input has no lines." }] });
    const missing = await ended(await accepted(await submitJson({ task: "embed", input: { key: "none.ndjson" } })));
    expect(missing).toMatchObject({ status: "failed" });
  });

  test("pictures below a prefix of the bucket, each named by its key", async () => {
    const job = await ended(
      await accepted(await submitJson({ task: "classify", bank: "everyday", top_k: 1, input: { prefix: "shop/" } })),
    );
    expect(job).toMatchObject({ status: "completed", counts: { total: 2, completed: 2, failed: 0 } });
    expect((await results(job)).map(({ custom_id }) => custom_id)).toEqual(["shop/hat.jpg", "shop/pants.jpg"]);
  });

  test("its end is told by a signed webhook", async () => {
    const callback = "https://hooks.example.com/hooks/batch";
    const job = await accepted(
      await submit(`?task=embed&callback_url=${encodeURIComponent(callback)}`, lines({ custom_id: "a", image: hat })),
    );
    const [{ body, headers } = { body: "", headers: {} }] = await elsewhere.waitFor("batch", 1);
    expect(new Webhook(SECRET).verify(body, headers)).toMatchObject({
      type: "batch.completed",
      data: { id: job.id, status: "completed", counts: { total: 1, completed: 1, failed: 0 } },
    });
  });

  test("cancelled, each of its lines is a result or an error, and deleted, it is gone", async () => {
    const each = Array.from({ length: 200 }, (_, i) => ({ custom_id: `${i}`, image: address("hat") }));
    const job = await accepted(await submit("?task=embed&priority=low", lines(...each)));
    expect((await call(`/${job.id}/cancel`, { method: "POST" })).status).toBe(200);
    const done = await ended(job);
    const [answered, failed] = [await results(job), await errors(job)];
    expect(done).toMatchObject({
      status: "cancelled",
      counts: { total: 200, completed: answered.length, failed: failed.length },
    });
    expect(new Set([...answered, ...failed].map(({ custom_id }) => custom_id)).size).toBe(200);
    expect(new Set(failed.map(({ error }) => error.code))).toEqual(new Set(["cancelled"]));
    const deleted = await call(`/${job.id}`, { method: "DELETE" });
    expect([deleted.status, await deleted.json()]).toEqual([200, { id: job.id, object: "batch", deleted: true }]);
    for (const path of ["", "/results", "/errors"]) {
      const gone = await call(`/${job.id}${path}`);
      expect([gone.status, (await problemOf(gone)).code]).toEqual([404, "batch_not_found"]);
    }
  });
});

describe("the border", () => {
  const line = lines({ custom_id: "a", image: hat });
  test.each<[string, () => Promise<Response>, number, string, string?]>([
    ["no task", () => submit("", line), 400, "invalid_request", "task"],
    ["an unknown task", () => submit("?task=paint", line), 400, "invalid_request", "task"],
    ["an option of another task", () => submit("?task=embed&bank=everyday", line), 400, "invalid_request", "bank"],
    ["no bank", () => submit("?task=tag", line), 400, "invalid_request", "bank"],
    ["an unknown bank", () => submit("?task=tag&bank=none", line), 404, "bank_not_found", "bank"],
    ["an unknown policy", () => submit("?task=moderate&policy=none", line), 404, "policy_not_found", "policy"],
    ["another model", () => submit("?task=embed&model=big", line), 404, "model_not_found", "model"],
    ["an unknown priority", () => submit("?task=embed&priority=1", line), 400, "invalid_request", "priority"],
    [
      "a callback elsewhere",
      () => submit("?task=embed&callback_url=https://other.example.com/", line),
      422,
      "remote_refused",
      "callback_url",
    ],
    ["nothing in it", () => submit("?task=embed", ""), 400, "invalid_request", ""],
    [
      "another content type",
      () => submit("?task=embed", line, { "content-type": "text/csv" }),
      415,
      "unsupported_media_type",
    ],
    ["JSON without an input", () => submitJson({ task: "embed" }), 400, "invalid_request", "/input"],
    [
      "an input of two",
      () => submitJson({ task: "embed", input: { key: "a", prefix: "b" } }),
      400,
      "invalid_request",
      "/input",
    ],
    [
      "an empty Idempotency-Key",
      () => submit("?task=embed", line, { "idempotency-key": " " }),
      400,
      "invalid_request",
      "Idempotency-Key",
    ],
    ["an unknown job", () => call("/batch_none"), 404, "batch_not_found"],
    ["a limit of 0", () => call("?limit=0"), 400, "invalid_request", "limit"],
  ])("%s", async (_name, send, status, code, field) => {
    const response = await send();
    const problem = await problemOf(response);
    expect([response.status, problem.code]).toEqual([status, code]);
    if (field !== undefined) {
      const [first] = problem.errors ?? [];
      expect([first?.parameter, first?.pointer]).toContain(field);
    }
  });

  test("more than 100 MiB are refused, said or not", async () => {
    const big = new Uint8Array(101 * 2 ** 20).fill(0x20);
    const unsaid = new Blob([big]).stream();
    for (const body of [big, unsaid]) {
      const response = await call("?task=embed", { method: "POST", body, duplex: "half" } as RequestInit, {
        "content-type": NDJSON,
      });
      expect([response.status, (await problemOf(response)).code]).toEqual([413, "body_too_large"]);
    }
  });

  test("a batch is its key's alone, but for who sees all of them", async () => {
    const { id } = await accepted(await submit("?task=embed", lines({ custom_id: "a", image: "none" })));
    const as = (key: string, path: string, method = "GET") =>
      call(path, { method }, { authorization: `Bearer ${key}` });
    for (const [path, method] of [
      [`/${id}`, "GET"],
      [`/${id}/results`, "GET"],
      [`/${id}/errors`, "GET"],
      [`/${id}/cancel`, "POST"],
      [`/${id}`, "DELETE"],
    ] as const) {
      const response = await as(OTHER_KEY, path, method);
      expect([path, response.status, (await problemOf(response)).code]).toEqual([path, 404, "batch_not_found"]);
    }
    const seen = async (key: string, query = "") =>
      ((await (await as(key, query)).json()) as { data: Job[] }).data.map((job) => job.id);
    expect(await seen(OTHER_KEY)).toEqual([]);
    const behind = await as(OTHER_KEY, `?after=${id}`);
    expect([behind.status, (await problemOf(behind)).errors?.[0]?.parameter]).toEqual([400, "after"]);
    expect(await seen(API_KEY)).toContain(id);
    expect(await seen(ALL_KEY)).toContain(id);
    expect((await as(ALL_KEY, `/${id}`)).status).toBe(200);
  });

  test("an Idempotency-Key with the same request gets the stored answer, with another a conflict", async () => {
    const key = { "idempotency-key": "once" };
    const [one, two] = await Promise.all(
      [submit("?task=embed", line, key), submit("?task=embed", line, key)].map(async (each) => accepted(await each)),
    );
    await ended(one!);
    const three = await accepted(await submit("?task=embed", line, key));
    expect(two).toEqual(one);
    expect(three).toEqual(one);
    for (const other of [submit("?task=embed", line + line, key), submit("?task=embed&priority=high", line, key)]) {
      const response = await other;
      expect([response.status, (await problemOf(response)).code]).toEqual([409, "idempotency_conflict"]);
    }
  });

  test("jobs are listed newest first, page by page", async () => {
    const page = async (query: string) => (await (await call(query)).json()) as { data: Job[]; has_more: boolean };
    const newest = await accepted(await submit("?task=embed", line));
    const first = await page("?limit=2");
    expect([first.data[0]?.id, first.data.length, first.has_more]).toEqual([newest.id, 2, true]);
    const second = await page(`?limit=1&after=${first.data[0]?.id}`);
    expect(second.data[0]?.id).toBe(first.data[1]?.id);
  });

  test("a list behind a job that is not there is refused, not empty", async () => {
    const response = await call("?after=batch_none");
    expect([response.status, (await problemOf(response)).errors?.[0]?.parameter]).toEqual([400, "after"]);
  });
});
