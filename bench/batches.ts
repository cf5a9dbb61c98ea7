// What a line of a batch costs beside looking at its picture: lines that name no picture, through queue, database and bucket,
// and lines that do against requests of eight pictures.
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, startCollection } from "../src/build/collection.ts";
import { apiFirst, writeConfigs } from "../src/build/configs.ts";
import { migrate } from "../src/build/migrate.ts";
import { EMBEDDED, STAGE_DIR, stage } from "../src/build/stage.ts";
import { MAX_PICTURES } from "../src/functions/oip/limits.ts";
import { timed } from "./median.ts";
import { residentBelow, sampled, toldMemory } from "./residentMemory.ts";

const EMPTY_LINES = 100_000;
const LINES = 512;
const SWEEP_ROUNDS = 300;

interface Job {
  id: string;
  status: string;
  counts: { total: number; completed: number; failed: number };
  created_at: string;
  in_progress_at: string;
  finalizing_at: string;
  finished_at: string;
}

export async function batches(): Promise<void> {
  const dir = join(STAGE_DIR, "bench", "batches");
  const state = join(dir, "state");
  await rm(state, { recursive: true, force: true });
  const configs = await writeConfigs(await stage({ ...EMBEDDED, log: () => {} }), { dir });
  await migrate(configs.api, { state });
  const port = await freePort(0);
  const vars = { OPEN_API: "yes" };
  const collection = await startCollection({ configs: apiFirst(configs), port, live: "/healthz", vars, state });
  const url = `${collection.url}/v1`;
  const ended = async (lines: readonly unknown[]): Promise<Job> => {
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const headers = { "content-type": "application/x-ndjson" };
    const response = await fetch(`${url}/batches?task=embed`, { method: "POST", body, headers });
    if (!response.ok) throw new Error(await response.text());
    const { id } = (await response.json()) as Job;
    // As `npm start` does: whoever edits a Worker meanwhile makes wrangler start it again, and the local queue forgets.
    for (let round = 1; ; round++) {
      if (round % SWEEP_ROUNDS === 0) await fetch(`${url}/admin/sweep`, { method: "POST" });
      await sleep(200);
      const job = (await (await fetch(`${url}/batches/${id}`)).json()) as Job;
      if (job.status === "completed") return job;
    }
  };
  const tell = (name: string, { counts, ...job }: Job): number => {
    const at = [job.created_at, job.in_progress_at, job.finalizing_at, job.finished_at].map((time) => Date.parse(time));
    const [validated = 0, answered = 0, assembled = 0] = at.slice(1).map((time, i) => time - (at[i] ?? 0));
    console.log(
      `${name}: ${counts.total} lines, ${(answered / counts.total).toFixed(2)} ms a line; validated in ${validated} ms, put together in ${assembled} ms`,
    );
    return answered / counts.total;
  };
  try {
    const empty = Array.from({ length: EMPTY_LINES }, (_, i) => ({ custom_id: `${i}`, image: "none" }));
    const memory = await sampled(
      () => residentBelow(process.pid, "workerd"),
      async () => void tell("without pictures", await ended(empty)),
    );
    console.log(`resident memory of workerd, all Workers and what stands for the platform: ${toldMemory(memory)}`);
    const image = `data:image/jpeg;base64,${(await readFile("test/fixtures/pictures/hat.jpg")).toString("base64")}`;
    const body = JSON.stringify({ model: "nano", input: Array(MAX_PICTURES).fill({ image }) });
    const ask = async () => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${url}/embeddings`, { method: "POST", body, headers });
      if (!response.ok) throw new Error(await response.text());
      await response.arrayBuffer();
    };
    await ask();
    const all = await timed(async () => {
      for (let at = 0; at < LINES; at += MAX_PICTURES) await ask();
    });
    const line = tell(
      "with pictures",
      await ended(Array.from({ length: LINES }, (_, i) => ({ custom_id: `${i}`, image }))),
    );
    console.log(
      `requests of ${MAX_PICTURES} pictures: ${(all / LINES).toFixed(2)} ms a picture; a batch takes ${(line / (all / LINES)).toFixed(2)} of it`,
    );
  } finally {
    await collection.stop();
  }
}
