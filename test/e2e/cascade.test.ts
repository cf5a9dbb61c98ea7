// The cascade through every Worker and a real backend with another model: what the edge is not certain of is asked there.
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { installBackend } from "../../src/backend/install.ts";
import { buildModel } from "../../src/build/buildModel.ts";
import type { Collection } from "../../src/build/collection.ts";
import { embedImages } from "../../src/build/labels/embedImages.ts";
import { openBank } from "../../src/build/labels/openBank.ts";
import { openTower } from "../../src/build/ort.ts";
import { readPack } from "../../src/build/readPack.ts";
import { EMBEDDED, STAGE_DIR } from "../../src/build/stage.ts";
import { sha256 } from "../../src/core/hash.ts";
import {
  ClassifyEscalated,
  ModerateEscalated,
  ModerateOrBig,
  TagEscalated,
  TagOrBig,
} from "../../src/functions/api/openapi/answers.ts";
import { readBig } from "../../src/functions/deployment/deployment.ts";
import { bankClasses, classifyPicture } from "../../src/functions/tasks/classifyPicture.ts";
import { bankTexts, tagPicture } from "../../src/functions/tasks/tagPicture.ts";
import { hashOf, KEY, type RunningBackend, startBackend } from "../backend/running.ts";
import { POLICIES_DIR } from "./policies.ts";
import { dataUri, picture, problemOf } from "./request.ts";
import { API_KEY, TAG_KEY } from "./setup.ts";
import { Elsewhere } from "./webhooks/elsewhere.ts";
import { type WebhookCollection, webhookCollection } from "./webhooks/start.ts";

const PATIENCE_MS = 100_000;
vi.setConfig({ testTimeout: PATIENCE_MS + 20_000 });
const DIR = join(STAGE_DIR, "test", "cascade");
const BIG = join(DIR, "pack");
const ALWAYS = [0, 1];
const NEVER = [1, 1];

const installed = await installBackend(console.log).then(
  () => true,
  (error: unknown) => {
    console.warn(`skipped: the backend's own packages cannot be installed (${error})`);
    return false;
  },
);

interface Job {
  id: string;
  status: string;
  priority: string;
  counts: { total: number; completed: number; failed: number };
  options: Record<string, unknown>;
  model: { id: string; space: string };
}
interface Answer {
  predictions: { label: string; score: number }[];
  tags: { label: string; score: number }[];
  decision: string;
  reasons: { code: string }[];
  categories: Record<string, number | null>;
  policy: { id: string; tenant: string | null };
  model: { id: string; space: string };
  bank: { id: string };
  warnings: { code: string; message: string }[];
  escalated?: boolean;
  job?: Job;
}

const elsewhere = new Elsewhere();
let workers: WebhookCollection;
let running: Collection;
let backend: RunningBackend;
const bytes = await picture("hat");
const image = dataUri(bytes);

/** Those of the edge; the one of the fixtures' photos is calibrated for the big model as well. */
async function bigPolicies(): Promise<string> {
  const dir = join(DIR, "policies");
  await cp(POLICIES_DIR, dir, { recursive: true });
  const path = join(dir, "clothes.calibration.json");
  const { space } = await readPack(BIG);
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), space }));
  return dir;
}

async function setUp(): Promise<void> {
  await rm(DIR, { recursive: true, force: true });
  await buildModel({
    checkpointDir: "test/goldens/parity/hugging-face",
    ...{ id: "big", outDir: BIG, fp32Dir: join(DIR, "fp32"), quantization: "fp32", calibrationDir: undefined },
    source: { repo: "local", revision: "unknown", licence: "unknown" },
    ...{ demo: false, allowDrift: true, tokens: false, texts: ["a photo of a cat."] },
    log: () => {},
  });
  backend = await startBackend(["--pack", BIG, "--threads", "1"], { BACKEND_KEYS_SHA256: hashOf(KEY) });
  const keys = await Promise.all([API_KEY, TAG_KEY].map((key) => sha256(new TextEncoder().encode(key))));
  const [all, tag] = keys.map((hash) => hash.slice("sha256:".length));
  workers = await webhookCollection(
    {},
    {
      ...{ API_KEYS_SHA256: `${all},${tag}=tag`, ALLOW_DEMO_MODERATION: "yes" },
      ...{ BIG_BACKEND_URLS: backend.url, BACKEND_KEY: KEY },
    },
    await elsewhere.start(),
    "cascade/workers",
    { packDir: BIG, labelsDir: EMBEDDED.labelsDir, policiesDir: await bigPolicies() },
  );
  running = await workers.start();
}

beforeAll(async () => {
  if (installed) await setUp();
}, 300_000);
afterAll(async () => {
  await running?.stop();
  if (backend) process.kill(backend.pid, "SIGCONT");
  await backend?.stop();
  elsewhere.stop();
});

const call = (path: string, init: RequestInit = {}, key = API_KEY) =>
  fetch(`${running.url}/v1/${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
const ask = (task: string, body: unknown, key = API_KEY) =>
  call(task, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }, key);
async function answer(response: Response, status: number): Promise<Answer> {
  const text = await response.text();
  if (response.status !== status) throw new Error(`${response.status}: ${text}`);
  return JSON.parse(text) as Answer;
}
async function ended(id: string): Promise<Job> {
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(100)) {
    const job = (await (await call(`batches/${id}`)).json()) as Job;
    if (["completed", "failed"].includes(job.status)) return job;
    if (Date.now() > until) throw new Error(`the job is still ${JSON.stringify(job)}`);
  }
}
async function resultOf({ id }: Job): Promise<Answer> {
  const lines = (await (await call(`batches/${id}/results`)).text()).trim().split("\n");
  expect(lines).toHaveLength(1);
  return (JSON.parse(lines[0] ?? "") as { result: Answer }).result;
}
const jobOf = ({ job }: Answer): Job => {
  if (!job) throw new Error("there is no job");
  return job;
};

/** What the big model says by itself, on another engine and without any Worker. */
async function ownAnswers() {
  const manifest = await readPack(BIG);
  const tower = await openTower(BIG, "vision");
  const [vector = new Float32Array()] = await embedImages(tower, [{ path: "hat", bytes, hash: "" }], manifest.image);
  const bank = await openBank(BIG, "everyday", manifest);
  const pack: unknown = JSON.parse(await readFile(join(BIG, "pack.json"), "utf8"));
  const deployment = { ...readBig({ pack, banks: [], policies: [] }), banks: new Map([["everyday", bank]]) };
  const encoded = { vector, animated: false };
  return {
    classify: classifyPicture(deployment, { bank, classifier: bankClasses(bank), warnings: [] }, encoded, { top_k: 3 }),
    tag: tagPicture(deployment, { bank, classifier: bankTexts(bank), warnings: [] }, encoded, {
      ...{ min_score: 0.1, max_tags: 5 },
    }),
  };
}
const rounded = (entries: readonly { label: string; score: number }[]) =>
  entries.map(({ label, score }) => [label, Number(score.toFixed(3))]);

describe.skipIf(!installed)("what the edge is not certain of", () => {
  test("classify: 202 with the edge's answer and a job, whose result is the big model's own", async () => {
    const plain = await answer(await ask("classify", { image, bank: "everyday", top_k: 3 }), 200);
    expect(plain).not.toHaveProperty("escalated");
    const asked = { image, bank: "everyday", top_k: 3, escalate: { model: "big", band: ALWAYS } };
    const response = await ask("classify", asked);
    const { headers } = response;
    const { escalated, job: told, ...edge } = await answer(response, 202);
    expect([escalated, edge]).toEqual([true, plain]);
    const job = jobOf({ job: told } as Answer);
    v.parse(ClassifyEscalated, { escalated, job: told, ...edge });
    expect([headers.get("location"), headers.get("retry-after")]).toEqual([`/v1/batches/${job.id}`, "2"]);
    expect(headers.get("server-timing")).toMatch(/escalate;dur=\d+/);
    expect(job).toMatchObject({
      ...{ object: "batch", task: "classify", status: "validating", priority: "high" },
      ...{ options: { bank: "everyday", top_k: 3 }, model: { id: "big" } },
    });
    expect(await ended(job.id)).toMatchObject({ status: "completed", counts: { total: 1, completed: 1, failed: 0 } });
    const result = await resultOf(job);
    const own = (await ownAnswers()).classify;
    expect(result).toMatchObject({ model: own.model, bank: own.bank, warnings: [] });
    expect(rounded(result.predictions)).toEqual(rounded(own.predictions));
    expect(result.model.space).not.toBe(plain.model.space);
  });

  test("tag: carried over to the big model, and waited for", async () => {
    const asked = { image, bank: "everyday", min_score: 0.1, max_tags: 5 };
    const escalate = { model: "big", band: ALWAYS, wait_ms: 30_000 };
    const waited = await answer(await ask("tag", { ...asked, escalate }), 200);
    v.parse(TagOrBig, waited);
    const own = (await ownAnswers()).tag;
    expect(waited).toMatchObject({ escalated: true, model: own.model, bank: own.bank });
    expect(rounded(waited.tags)).toEqual(rounded(own.tags));
    const { escalated: _, job, ...result } = waited;
    await ended(jobOf(waited).id);
    expect(await resultOf(jobOf({ job } as Answer))).toEqual(result);
  });

  test("outside the band it is the edge's answer, at the ends of it the big model's", async () => {
    const asked = { image, bank: "everyday" };
    const plain = await answer(await ask("classify", asked), 200);
    const best = plain.predictions[0]?.score ?? 0;
    const over = await answer(
      await ask("classify", { ...asked, escalate: { model: "big", band: [best + 1e-6, 1] } }),
      200,
    );
    expect(over).toEqual({ ...plain, escalated: false });
    const exact = await answer(
      await ask("classify", { ...asked, escalate: { model: "big", band: [best, best] } }),
      202,
    );
    expect(exact.escalated).toBe(true);
    expect(await answer(await ask("tag", { ...asked, escalate: { model: "big", band: NEVER } }), 200)).toMatchObject({
      ...{ escalated: false, model: plain.model },
    });
  });

  test("tag: a label that fell short of its threshold counts", async () => {
    const all = await answer(await ask("tag", { image, bank: "everyday", min_score: 0, max_tags: 1000 }), 200);
    const short = all.tags.find(({ score }) => score < 0.05)?.score ?? 0;
    const escalate = { model: "big", band: [short, short] };
    const told = await answer(await ask("tag", { image, bank: "everyday", escalate }), 202);
    v.parse(TagEscalated, told);
    expect(told.tags.map(({ score }) => score)).not.toContain(short);
  });

  test("a picture as the body, escalate as JSON in the query or a form", async () => {
    const escalate = JSON.stringify({ model: "big", band: ALWAYS });
    const query = new URLSearchParams({ bank: "everyday", top_k: "1", escalate });
    const raw = await answer(await call(`classify?${query}`, { method: "POST", body: bytes }), 202);
    expect(jobOf(raw).options).toEqual({ bank: "everyday", top_k: 1 });
    const form = new FormData();
    form.set("image", new Blob([bytes]));
    for (const [name, value] of query) form.set(name, value);
    const sent = await answer(await call("classify", { method: "POST", body: form }), 202);
    const [one, other] = await Promise.all(
      [raw, sent].map(async (each) => {
        await ended(jobOf(each).id);
        return resultOf(jobOf(each));
      }),
    );
    expect(one).toEqual(other);
  });

  test("moderate: at least review while the big model is waited for, then its own decision", async () => {
    const asked = { image, policy: "clothes", tenant: "cobbler", shadow: "uncalibrated" };
    const plain = await answer(await ask("moderate", asked), 200);
    expect(plain.decision).toBe("allow");
    const apart = await answer(await ask("moderate", { ...asked, escalate: { model: "big", band: NEVER } }), 200);
    expect(apart).toEqual({ ...plain, escalated: false });

    process.kill(backend.pid, "SIGSTOP");
    const escalate = { model: "big", band: ALWAYS, wait_ms: 1_500 };
    const begun = Date.now();
    const response = await ask("moderate", { ...asked, escalate });
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1_500);
    const held = await answer(response, 202);
    expect(held).toMatchObject({
      ...{ decision: "review", categories: plain.categories, escalated: true, model: plain.model },
      reasons: expect.arrayContaining([expect.objectContaining({ code: "escalated" })]),
    });
    v.parse(ModerateEscalated, held);
    process.kill(backend.pid, "SIGCONT");
    expect((await ended(jobOf(held).id)).counts).toEqual({ total: 1, completed: 1, failed: 0 });
    const result = await resultOf(jobOf(held));
    expect(result).toMatchObject({
      ...{ model: { id: "big" }, policy: { id: "clothes", calibrated: true, tenant: "cobbler" } },
      shadow: { policy: { id: "uncalibrated" } },
    });
    const waited = await answer(await ask("moderate", { ...asked, escalate: { ...escalate, wait_ms: 30_000 } }), 200);
    v.parse(ModerateOrBig, waited);
    const { escalated: _, job: __, ...own } = waited;
    expect(own).toEqual(result);
  });

  test("moderate: a block by a category that is certain stands, one that is not certain is asked about", async () => {
    const asked = { image, policy: "clothes", tenant: "boutique" };
    const plain = await answer(await ask("moderate", asked), 200);
    const { outerwear } = plain.categories;
    expect([plain.decision, outerwear === plain.categories.footwear]).toEqual(["block", false]);
    const escalate = { model: "big", band: [outerwear, outerwear] };
    expect(await answer(await ask("moderate", { ...asked, escalate }), 200)).toEqual({ ...plain, escalated: false });
    const open = await answer(await ask("moderate", { ...asked, escalate: { ...escalate, band: ALWAYS } }), 202);
    expect(open).toMatchObject({ decision: "block", escalated: true });
  });

  test("the big model is listed", async () => {
    const { data } = (await (await call("models")).json()) as { data: { id: string; escalation: boolean }[] };
    expect(data.map(({ id, escalation }) => [id, escalation])).toEqual([
      ["nano", false],
      ["big", true],
    ]);
  });

  test("a picture that cannot be read is for review, and no big model is asked", async () => {
    const escalate = { model: "big", band: ALWAYS };
    const body = { image: { data: "bm8gcGljdHVyZQ==" }, policy: "clothes", escalate };
    expect(await answer(await ask("moderate", body), 200)).toMatchObject({ decision: "review", escalated: false });
  });

  test("its picture is no picture of other jobs", async () => {
    const job = jobOf(
      await answer(await ask("classify", { image, bank: "everyday", escalate: { model: "big", band: ALWAYS } }), 202),
    );
    const line = JSON.stringify({ custom_id: "a", image: { key: `batches/${job.id}/picture` } });
    const headers = { "content-type": "application/x-ndjson" };
    const made = await call("batches?task=embed", { method: "POST", body: line, headers });
    const other = (await made.json()) as Job;
    expect(await ended(other.id)).toMatchObject({ counts: { total: 1, completed: 0, failed: 1 } });
  });
});

const lines = (query: string, line: object = { custom_id: "a", image }) =>
  call(`batches?${query}`, {
    ...{ method: "POST", body: JSON.stringify(line), headers: { "content-type": "application/x-ndjson" } },
  });

describe.skipIf(!installed)("batches for the big model", () => {
  test("classify and tag: what it answers by itself", async () => {
    const jobs = [
      await answer(await lines("model=big&task=classify&bank=everyday&top_k=3"), 202),
      await answer(await lines("model=big&task=tag&bank=everyday&min_score=0.1&max_tags=5"), 202),
    ] as unknown as Job[];
    for (const job of jobs) expect((await ended(job.id)).counts).toEqual({ total: 1, completed: 1, failed: 0 });
    const own = await ownAnswers();
    const results = await Promise.all(jobs.map(resultOf));
    expect(results.map(({ model }) => model)).toEqual([own.classify.model, own.tag.model]);
    expect(rounded(results[0]?.predictions ?? [])).toEqual(rounded(own.classify.predictions));
    expect(rounded(results[1]?.tags ?? [])).toEqual(rounded(own.tag.tags));
  });

  test("moderate by its own policy, embed in its own space, as NumPy too", async () => {
    const moderated = (await answer(await lines("model=big&task=moderate&policy=clothes"), 202)) as unknown as Job;
    const embedded = (await answer(await lines("model=big&task=embed"), 202)) as unknown as Job;
    await Promise.all([ended(moderated.id), ended(embedded.id)]);
    expect(await resultOf(moderated)).toMatchObject({
      model: { id: "big" },
      policy: { id: "clothes", calibrated: true },
    });
    const { embed_dim } = await readPack(BIG);
    const { embedding } = (await resultOf(embedded)) as unknown as { embedding: number[] };
    expect(embedding).toHaveLength(embed_dim);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 4);
    const npy = await (await call(`batches/${embedded.id}/results?format=npy`)).arrayBuffer();
    expect(new Float32Array(npy.slice(-4 * embed_dim))).toEqual(new Float32Array(embedding));
  });

  test("a line that brings texts of its own is an error of that line", async () => {
    const own = { custom_id: "a", image, labels: ["hat", "dress"] };
    const job = (await answer(await lines("model=big&task=classify&bank=everyday", own), 202)) as unknown as Job;
    expect((await ended(job.id)).counts).toEqual({ total: 1, completed: 0, failed: 1 });
    expect(await (await call(`batches/${job.id}/errors`)).text()).toContain('"text_unavailable"');
  });

  test.each([
    ["a model that is not there", "model=huge&task=embed", 404, "model_not_found", "model"],
    ["texts", "model=big&task=classify&labels=hat&labels=dress", 422, "text_unavailable", "labels"],
    ["a bank that is not there", "model=big&task=tag&bank=nothing", 404, "bank_not_found", "bank"],
    ["a policy that is not there", "model=big&task=moderate&policy=nothing", 404, "policy_not_found", "policy"],
    ["a shadow that is not there", "model=big&task=moderate&shadow=nothing", 404, "policy_not_found", "shadow"],
  ])("%s is refused at once", async (_, query, status, code, parameter) => {
    const problem = await problemOf(await lines(query));
    expect(problem).toMatchObject({ status, code, errors: [{ parameter, pointer: `/${parameter}` }] });
  });
});

describe.skipIf(!installed)("the border", () => {
  const big = { model: "big", band: [0.3, 0.6] };
  test.each<[string, unknown, number, string, string]>([
    ["a band that is reversed", { ...big, band: [0.6, 0.3] }, 400, "invalid_request", "/escalate/band"],
    ["a band of one end", { ...big, band: [0.6] }, 400, "invalid_request", "/escalate/band/1"],
    ["a band of three", { ...big, band: [0.1, 0.2, 0.3] }, 400, "invalid_request", "/escalate/band/2"],
    ["an end that is NaN", { ...big, band: [Number.NaN, 1] }, 400, "invalid_request", "/escalate/band/0"],
    ["an end that is text", { ...big, band: ["0.3", 1] }, 400, "invalid_request", "/escalate/band/0"],
    ["an end past 1", { ...big, band: [0, 1.1] }, 400, "invalid_request", "/escalate/band/1"],
    ["an end below 0", { ...big, band: [-0.1, 1] }, 400, "invalid_request", "/escalate/band/0"],
    ["no band", { model: "big" }, 400, "invalid_request", "/escalate/band"],
    ["a negative wait", { ...big, wait_ms: -1 }, 400, "invalid_request", "/escalate/wait_ms"],
    ["a wait too long", { ...big, wait_ms: 30_001 }, 400, "invalid_request", "/escalate/wait_ms"],
    ["half a millisecond", { ...big, wait_ms: 0.5 }, 400, "invalid_request", "/escalate/wait_ms"],
    ["something unknown", { ...big, colour: "red" }, 400, "invalid_request", "/escalate/colour"],
    ["a number", 5, 400, "invalid_request", "/escalate"],
    ["null", null, 400, "invalid_request", "/escalate"],
    ["a list", [], 400, "invalid_request", "/escalate/model"],
    ["no model", { band: [0, 1] }, 400, "invalid_request", "/escalate/model"],
    ["an unknown model", { ...big, model: "huge" }, 404, "model_not_found", "/escalate/model"],
    ["__proto__", { ...big, model: "__proto__" }, 404, "model_not_found", "/escalate/model"],
    ["the edge's own", { ...big, model: "nano" }, 404, "model_not_found", "/escalate/model"],
  ])("%s", async (_name, escalate, status, code, pointer) => {
    for (const [task, body] of [
      ["classify", { bank: "everyday" }],
      ["tag", { bank: "everyday" }],
      ["moderate", {}],
    ] as const) {
      const response = await ask(task, { image, ...body, escalate });
      const problem = await problemOf(response);
      expect([response.status, problem.code]).toEqual([status, code]);
      expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
    }
  });

  test("labels of the request are not embedded for it", async () => {
    const response = await ask("classify", { image, labels: ["a", "b"], escalate: big });
    const problem = await problemOf(response);
    expect([response.status, problem.code, problem.errors?.[0]?.pointer]).toEqual([
      400,
      "invalid_request",
      "/escalate",
    ]);
  });

  test("a policy that is measured on the edge's model only", async () => {
    const response = await ask("moderate", { image, policy: "default", escalate: big });
    const problem = await problemOf(response);
    expect([response.status, problem.code, problem.errors?.[0]?.pointer]).toEqual([
      400,
      "invalid_request",
      "/escalate",
    ]);
    expect((await ask("moderate", { image, policy: "uncalibrated", escalate: { ...big, band: NEVER } })).status).toBe(
      200,
    );
  });

  test("a query's escalate that is no JSON, and one of a wrong shape", async () => {
    for (const text of ["big", '{"model":"big","band":[NaN,1]}', '{"model":"big"}', "[]", ""]) {
      const query = new URLSearchParams({ bank: "everyday", escalate: text });
      const response = await call(`classify?${query}`, { method: "POST", body: bytes });
      const problem = await problemOf(response);
      expect([text, response.status, problem.code]).toEqual([text, 400, "invalid_request"]);
      expect(problem.errors?.map(({ parameter }) => parameter)).toContain("escalate");
    }
  });

  test("a key that may not see batches makes none", async () => {
    const response = await ask("tag", { image, bank: "everyday", escalate: big }, TAG_KEY);
    expect([response.status, (await problemOf(response)).code]).toEqual([403, "forbidden"]);
    expect((await ask("tag", { image, bank: "everyday" }, TAG_KEY)).status).toBe(200);
  });

  test("the lines of a batch escalate nothing", async () => {
    const line = JSON.stringify({ custom_id: "a", image, escalate: big });
    const headers = { "content-type": "application/x-ndjson" };
    const made = await call("batches?task=classify&bank=everyday", { method: "POST", body: line, headers });
    const job = await ended(((await made.json()) as Job).id);
    expect(job.counts).toEqual({ total: 1, completed: 0, failed: 1 });
  });
});

describe.skipIf(!installed)("a deployment that cannot escalate", () => {
  test.each<[string, (config: { vars: Record<string, string> }) => object, string]>([
    ["no queue", () => ({ queues: {} }), "It could not be queued."],
    ["no backend", ({ vars }) => ({ vars: { ...vars, BIG_BACKEND_URLS: "" } }), "No backend is named for big"],
  ])("%s: the edge's answer with a warning, and nothing is let through", async (_name, change, why) => {
    const config = await readFile(workers.config, "utf8");
    await running.stop();
    try {
      const read = JSON.parse(config) as { vars: Record<string, string> };
      await writeFile(workers.config, JSON.stringify({ ...read, ...change(read) }));
      running = await workers.start();
      const escalate = { model: "big", band: ALWAYS, wait_ms: 5_000 };
      const before = (await (await call("batches")).json()) as { data: Job[] };
      const told = await answer(await ask("classify", { image, bank: "everyday", escalate }), 200);
      expect(told).toMatchObject({
        ...{ escalated: false, model: { id: "nano" } },
        warnings: [{ code: "escalation_failed", message: expect.stringContaining(why) }],
      });
      const moderated = await answer(
        await ask("moderate", { image, policy: "clothes", tenant: "cobbler", escalate }),
        200,
      );
      expect(moderated).toMatchObject({
        ...{ decision: "review", escalated: false },
        reasons: expect.arrayContaining([expect.objectContaining({ code: "escalation_failed" })]),
        warnings: expect.arrayContaining([expect.objectContaining({ code: "escalation_failed" })]),
      });
      expect(await (await call("batches")).json()).toEqual(before);
    } finally {
      await writeFile(workers.config, config);
    }
  });
});
