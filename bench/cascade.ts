// What handing a picture to the big model adds to the edge's answer, and how long that model's answer takes through database,
// bucket and queues, with queues that wait for no second message. The big model is a tiny one, so its own time is next to nothing.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installBackend } from "../src/backend/install.ts";
import { freePort, startCollection } from "../src/build/collection.ts";
import { apiFirst, writeConfigs } from "../src/build/configs.ts";
import { migrate } from "../src/build/migrate.ts";
import { EMBEDDED, STAGE_DIR, stage } from "../src/build/stage.ts";
import { startBackend } from "../test/backend/running.ts";
import { buildBig } from "../test/e2e/buildBig.ts";
import { writeEntries } from "../test/e2e/entries.ts";
import { median } from "./median.ts";

const ROUNDS = 30;
const WARM = 3;

async function stageAll(dir: string) {
  const packDir = await buildBig(dir);
  const { labelsDir, policiesDir } = EMBEDDED;
  const manifest = await stage({
    ...{ ...EMBEDDED, deploymentDir: join(dir, "deployment"), big: { packDir, labelsDir, policiesDir } },
    log: () => {},
  });
  const entries = await writeEntries(dir);
  return { packDir, manifest, overrides: { api: { main: entries.api }, batch: { main: entries.batch } } };
}

/** Messages are not waited for. */
async function impatient(path: string): Promise<void> {
  const config = JSON.parse(await readFile(path, "utf8")) as { queues: { consumers: object[] } };
  const consumers = config.queues.consumers.map((consumer) => ({ ...consumer, max_batch_timeout: 0 }));
  await writeFile(path, JSON.stringify({ ...config, queues: { ...config.queues, consumers } }));
}

export async function cascade(): Promise<void> {
  await installBackend(console.log);
  const dir = join(STAGE_DIR, "bench", "cascade");
  const { packDir, manifest, overrides } = await stageAll(dir);
  const backend = await startBackend(["--pack", packDir, "--threads", "1"]);
  const vars = { BIG_BACKEND_URLS: backend.url };
  const configs = await writeConfigs(manifest, {
    ...{ dir: join(dir, "config"), vars: { api: vars, batch: vars }, overrides },
  });
  await impatient(configs.batch);
  const state = join(dir, "state");
  await migrate(configs.api, { state });
  const collection = await startCollection({
    ...{ configs: apiFirst(configs), port: await freePort(0), live: "/healthz", state },
    vars: { OPEN_API: "yes" },
  });
  const image = { data: (await readFile("test/fixtures/pictures/t-shirt.jpg")).toString("base64") };
  /** @returns milliseconds until the answer */
  const ask = async (escalate: object | undefined, status: number): Promise<number> => {
    const start = performance.now();
    const response = await fetch(`${collection.url}/v1/classify`, {
      method: "POST",
      body: JSON.stringify({ image, bank: "everyday", ...(escalate && { escalate }) }),
      headers: { "content-type": "application/json" },
    });
    const text = await response.text();
    const took = performance.now() - start;
    if (response.status !== status) throw new Error(text);
    const { job } = JSON.parse(text) as { job?: { id: string } };
    if (job) await ended(job.id);
    return took;
  };
  /** So that what one round left does not slow the next. */
  const ended = async (id: string): Promise<void> => {
    for (;;) {
      const job = (await (await fetch(`${collection.url}/v1/batches/${id}`)).json()) as { status: string };
      if (job.status === "completed") return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const model = { model: "big" };
  const cases: [name: string, escalate: object | undefined, status: number][] = [
    ["without escalate", undefined, 200],
    ["outside the band", { ...model, band: [1, 1] }, 200],
    ["in the band, not waited for", { ...model, band: [0, 1] }, 202],
    ["in the band, waited for", { ...model, band: [0, 1], wait_ms: 30_000 }, 200],
  ];
  try {
    const times = cases.map((): number[] => []);
    // In turns, so that what else the machine does falls on all.
    for (let round = 0; round < ROUNDS + WARM; round++)
      for (const [at, [, escalate, status]] of cases.entries()) {
        const ms = await ask(escalate, status);
        if (round >= WARM) times[at]?.push(ms);
      }
    const [plain = 0, ...others] = times.map(median);
    console.log(`${cases[0]?.[0]}: ${plain.toFixed(1)} ms`);
    for (const [at, ms] of others.entries())
      console.log(`${cases[at + 1]?.[0]}: ${ms.toFixed(1)} ms, ${(ms - plain).toFixed(1)} ms more`);
  } finally {
    await collection.stop();
    await backend.stop();
  }
}
