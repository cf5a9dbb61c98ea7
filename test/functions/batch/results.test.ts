/// <reference types="@cloudflare/vitest-plugin/types" />
// Results of a job at work, a page of them: the Link leads to what is behind, until there is nothing, also when the job ends.
import { applyD1Migrations, env } from "cloudflare:test";
import { Hono } from "hono";
import { beforeAll, expect, test } from "vitest";
import { Problem } from "../../../src/core/problem.ts";
import { batchResults } from "../../../src/functions/api/batches/results.ts";
import type { AppTypes } from "../../../src/functions/api/env.ts";
import { acceptJob, openJob } from "../../../src/functions/batches/jobs.ts";
import { chunkKey, outputKey } from "../../../src/functions/batches/keys.ts";

/** One more than two answers tell. */
const CHUNKS = 8_001;
const ROWS = 2;
const ID = "batch_paged";
/** Chunks with something in them; of the others each line failed. */
const TELLING = [0, 3_999, 4_000, 8_000];

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.MIGRATIONS);
  const model = { id: "m", space: "s", pack: "p" };
  const job = {
    id: ID,
    task: "classify" as const,
    options: {},
    model,
    dim: 0,
    priority: 1,
    callback: null,
    caller: "",
  };
  await openJob(env.DB, { ...job, now: 1, expires: 2 }, 1);
  await acceptJob(env.DB, ID, { upload: 1 }, { key: undefined, hash: "" }, 1);
  await env.DB.prepare("UPDATE batches SET status = 'in_progress' WHERE id = ?").bind(ID).run();
  const chunks = Array.from({ length: CHUNKS }, (_, at) => ({
    first: at * ROWS,
    bytes: TELLING.includes(at) ? 10 : 0,
  }));
  await env.DB.prepare(
    `INSERT INTO chunks (id, batch, priority, state, first, rows, line, start, length, due_at, results_bytes, errors_bytes)
     SELECT ?1 || '/' || (value ->> 'first'), ?1, 1, 'done', value ->> 'first', ?2, 1, 0, 1, 0, value ->> 'bytes', 0 FROM json_each(?3)`,
  )
    .bind(ID, ROWS, JSON.stringify(chunks))
    .run();
  for (const at of TELLING)
    await env.BUCKET.put(chunkKey(ID, { first: at * ROWS, rows: ROWS }), `${String(at).padStart(9, "0")}\n`);
});

const app = new Hono<AppTypes>().get("/v1/batches/:id/results", batchResults).onError((error) => Problem.from(error).toResponse()); // biome-ignore format: one line
const get = async (from: number): Promise<Response> =>
  app.request(`/v1/batches/${ID}/results?from=${from}`, {}, env as unknown as AppTypes["Bindings"]);

test("each page links to the next, and together they are everything, once", async () => {
  let path: string | undefined = `/v1/batches/${ID}/results`;
  const pages: number[][] = [];
  while (path) {
    const response: Response = await app.request(path, {}, env as unknown as AppTypes["Bindings"]);
    expect(response.status).toBe(200);
    pages.push((await response.text()).split("\n").filter(Boolean).map(Number));
    path = /^<(.+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
  }
  expect(pages).toEqual([[0, 3_999], [4_000], [8_000]]);
});

test("a link of a job that has ended leads on while its chunks are there, and never back to the beginning", async () => {
  await env.BUCKET.put(outputKey(ID, "results"), "all of it\n");
  await env.DB.prepare("UPDATE batches SET status = 'completed', finished_at = 3 WHERE id = ?").bind(ID).run();
  expect(await (await get(0)).text()).toBe("all of it\n");
  expect(Number(await (await get(4_001 * ROWS)).text())).toBe(8_000);
  await env.DB.prepare("DELETE FROM chunks WHERE batch = ?").bind(ID).run();
  const gone = await get(4_001 * ROWS);
  expect([gone.status, await gone.json()]).toMatchObject([400, { errors: [{ parameter: "from" }] }]);
});
