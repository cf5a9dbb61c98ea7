// The edge's Workers, and a real backend with another, bigger model: what the tests of the cascade share.
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { installBackend } from "../../../src/backend/install.ts";
import type { Collection } from "../../../src/build/collection.ts";
import { readPack } from "../../../src/build/readPack.ts";
import { EMBEDDED, STAGE_DIR } from "../../../src/build/stage.ts";
import { sha256 } from "../../../src/core/hash.ts";
import { hashOf, KEY, type RunningBackend, startBackend } from "../../backend/running.ts";
import { buildBig } from "../buildBig.ts";
import { POLICIES_DIR } from "../policies.ts";
import { dataUri, picture } from "../request.ts";
import { API_KEY, TAG_KEY } from "../setup.ts";
import { Elsewhere } from "../webhooks/elsewhere.ts";
import { type WebhookCollection, webhookCollection } from "../webhooks/start.ts";

const PATIENCE_MS = 100_000;
export const ALWAYS = [0, 1];
export const NEVER = [1, 1];

export const bytes = await picture("hat");
export const image = dataUri(bytes);

/** Whether there is what the backend is made of. */
export const installed = await installBackend(console.log).then(
  () => true,
  (error: unknown) => {
    console.warn(`skipped: the backend's own packages cannot be installed (${error})`);
    return false;
  },
);

export interface Job {
  id: string;
  status: string;
  priority: string;
  counts: { total: number; completed: number; failed: number };
  options: Record<string, unknown>;
  model: { id: string; space: string };
}
export interface Answer {
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

/** Those of the edge; the one of the fixtures' photos is calibrated for the big model as well. */
async function bigPolicies(packDir: string, dir: string): Promise<string> {
  await cp(POLICIES_DIR, dir, { recursive: true });
  const path = join(dir, "clothes.calibration.json");
  const { space } = await readPack(packDir);
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), space }));
  return dir;
}

/** @throws Error with what was answered, where it is another status */
export async function answer(response: Response, status: number): Promise<Answer> {
  const text = await response.text();
  if (response.status !== status) throw new Error(`${response.status}: ${text}`);
  return JSON.parse(text) as Answer;
}

export const jobOf = ({ job }: Answer): Job => {
  if (!job) throw new Error("there is no job");
  return job;
};

export const rounded = (entries: readonly { label: string; score: number }[]) =>
  entries.map(({ label, score }) => [label, Number(score.toFixed(3))]);

type Config = { vars: Record<string, string> };

/** Started before the tests of the file that calls it, ended after them. @param name of a folder of its own */
export function cascade(name: string) {
  vi.setConfig({ testTimeout: PATIENCE_MS + 20_000 });
  const dir = join(STAGE_DIR, "test", "cascade", name);
  const packDir = join(dir, "pack");
  const elsewhere = new Elsewhere();
  let workers: WebhookCollection;
  let running: Collection;
  let backend: RunningBackend;

  beforeAll(async () => {
    if (!installed) return;
    await buildBig(dir);
    backend = await startBackend(["--pack", packDir, "--threads", "1"], { BACKEND_KEYS_SHA256: hashOf(KEY) });
    const keys = await Promise.all([API_KEY, TAG_KEY].map((key) => sha256(new TextEncoder().encode(key))));
    const [all, tag] = keys.map((hash) => hash.slice("sha256:".length));
    workers = await webhookCollection(
      {},
      {
        ...{ API_KEYS_SHA256: `${all},${tag}=tag`, ALLOW_DEMO_MODERATION: "yes" },
        ...{ BIG_BACKEND_URLS: backend.url, BACKEND_KEY: KEY },
      },
      await elsewhere.start(),
      `cascade/${name}/workers`,
      { packDir, labelsDir: EMBEDDED.labelsDir, policiesDir: await bigPolicies(packDir, join(dir, "policies")) },
    );
    running = await workers.start();
  }, 300_000);
  afterAll(async () => {
    await running?.stop();
    if (backend) process.kill(backend.pid, "SIGCONT");
    await backend?.stop();
    elsewhere.stop();
  });

  const call = (path: string, init: RequestInit = {}, key = API_KEY) =>
    fetch(`${running.url}/v1/${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });

  return {
    packDir,
    call,
    ask: (task: string, body: unknown, key = API_KEY) =>
      call(task, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }, key),
    /** A batch of one line. */
    submit: (query: string, line: object = { custom_id: "a", image }) =>
      call(`batches?${query}`, {
        ...{ method: "POST", body: JSON.stringify(line), headers: { "content-type": "application/x-ndjson" } },
      }),
    async ended(id: string): Promise<Job> {
      for (const until = Date.now() + PATIENCE_MS; ; await sleep(100)) {
        const job = (await (await call(`batches/${id}`)).json()) as Job;
        if (["completed", "failed"].includes(job.status)) return job;
        if (Date.now() > until) throw new Error(`the job is still ${JSON.stringify(job)}`);
      }
    },
    async resultOf({ id }: Job): Promise<Answer> {
      const lines = (await (await call(`batches/${id}/results`)).text()).trim().split("\n");
      expect(lines).toHaveLength(1);
      return (JSON.parse(lines[0] ?? "") as { result: Answer }).result;
    },
    /** The backend answers nothing until it is woken. */
    freezeBackend: () => process.kill(backend.pid, "SIGSTOP"),
    wakeBackend: () => process.kill(backend.pid, "SIGCONT"),
    /** Starts the api with another configuration; @returns what puts the old one back for the next start */
    async restart(change: (config: Config) => object): Promise<() => Promise<void>> {
      const config = await readFile(workers.config, "utf8");
      await running.stop();
      const read = JSON.parse(config) as Config;
      await writeFile(workers.config, JSON.stringify({ ...read, ...change(read) }));
      const restore = () => writeFile(workers.config, config);
      try {
        running = await workers.start();
      } catch (error) {
        await restore();
        throw error;
      }
      return restore;
    },
  };
}
