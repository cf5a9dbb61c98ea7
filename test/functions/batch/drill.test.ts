/// <reference types="@cloudflare/vitest-plugin/types" />
// The fault drill of batches: whatever fails, every line is answered exactly once in the end.
import { applyD1Migrations, env } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { assemble } from "../../../src/functions/batch/assemble.ts";
import { claimJob, giveUpUpload } from "../../../src/functions/batch/jobRows.ts";
import { sweep } from "../../../src/functions/batch/sweep.ts";
import { acceptJob, deleteJob, findJob, openJob, stopJob } from "../../../src/functions/batches/jobs.ts";
import { folderOf, inputKey, outputKey } from "../../../src/functions/batches/keys.ts";
import { listDeliveries } from "../../../src/functions/deliveries/deliveries.ts";
import type { Message as Work } from "../../../src/functions/work/message.ts";
import { bring, isEnded, outcomeOf, POISON, run, submit, world } from "./world.ts";

beforeAll(() => applyD1Migrations(env.DB, env.MIGRATIONS));
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => {});
  await env.DB.batch(["batches", "chunks", "deliveries"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** 150 lines, of which two are no pictures: three chunks. */
const ROWS = 150;
const LINES = Array.from({ length: ROWS }, (_, at) =>
  at === 7 ? "no JSON" : at === 130 ? '{"custom_id":"130"}' : at % 200,
);
const GOOD = LINES.flatMap((line, at) => (typeof line === "number" ? [`${at}`] : []));

/** Every line once, in order; the vectors of each where it belongs. */
async function expectWhole(made: ReturnType<typeof world>, id: string): Promise<void> {
  const job = await findJob(env.DB, id);
  expect(job).toMatchObject({ status: "completed", total: ROWS, completed: ROWS - 2, failed: 2 });
  const { results, errors } = await outcomeOf(job!);
  expect(results).toEqual(GOOD);
  expect(errors).toEqual([null, "130"]);
  const dim = made.working.deployment.manifest.embed_dim;
  const npy = await (await env.BUCKET.get(outputKey(id, "vectors")))!.arrayBuffer();
  const rows = new Float32Array(npy.slice(128));
  expect(rows.length).toBe(ROWS * dim);
  const shades = LINES.map((_, row) => rows.slice(row * dim, (row + 1) * dim).indexOf(1));
  expect(shades).toEqual(LINES.map((line) => (typeof line === "number" ? line % dim : -1)));
}

test("without a fault each picture is looked at once", async () => {
  const made = world();
  const id = await submit(made, LINES);
  await run(made, id);
  await expectWhole(made, id);
  expect(made.decoded.length).toBe(GOOD.length);
});

test("messages that come twice, at once, in any order change nothing", async () => {
  const made = world();
  const id = await submit(made, LINES);
  await run(made, id, { width: 2, deliver: (due) => [...due, ...due].reverse() });
  await expectWhole(made, id);
});

test("messages that are lost are healed by the sweep", async () => {
  const made = world();
  const id = await submit(made, LINES);
  let seen = 0;
  await run(made, id, { deliver: (due) => due.filter(() => seen++ % 3 === 0) });
  await expectWhole(made, id);
});

describe("the database and the bucket fail once, at each step", () => {
  /** Two chunks. */
  const FEW = LINES.slice(0, 66);

  test.each([false, true])("after it was done: %s", { timeout: 180_000 }, async (after) => {
    const counting = world();
    await run(counting, await submit(counting, FEW));
    const steps = counting.faults.count;
    expect(steps).toBeGreaterThan(30);
    for (let at = 1; at <= steps; at++) {
      const made = world();
      Object.assign(made.faults, { at, after });
      const id = await submit(made, FEW);
      const job = await run(made, id);
      expect(job).toMatchObject({ status: "completed", total: 66, completed: 65, failed: 1 });
      const { results, errors } = await outcomeOf(job);
      expect([results, errors]).toEqual([GOOD.slice(0, 65), [null]]);
    }
  });
});

test("a Worker that ends in the middle of anything: its lease runs out, and another goes on", async () => {
  const made = world();
  const id = await submit(made, LINES);
  // Every fourth message is taken, and whoever took it does not write anything down any more.
  let seen = 0;
  await run(made, id, {
    round: async () => {
      const dies = ++seen % 4 === 0;
      Object.assign(made.faults, { count: 0, at: dies ? 2 : 0 });
    },
  });
  await expectWhole(made, id);
});

test("a picture that ends whoever looks at it is that line's error, and its neighbours are answered", async () => {
  const made = world();
  const lines = [...LINES];
  lines[70] = POISON;
  const id = await submit(made, lines);
  const job = await run(made, id);
  expect(job).toMatchObject({ status: "completed", total: ROWS, completed: ROWS - 3, failed: 3 });
  const { results, errors, codes } = await outcomeOf(job);
  expect(results).toEqual(GOOD.filter((name) => name !== "70"));
  expect(errors).toEqual([null, "70", "130"]);
  expect(codes).toEqual(["invalid_json", "model_unavailable", "invalid_request"]);
  // Its chunk was halved until it was alone.
  const { results: split } = await env.DB.prepare(
    "SELECT rows FROM chunks WHERE batch = ? AND state = 'split' ORDER BY rows DESC",
  )
    .bind(id)
    .all();
  expect(split.map(({ rows }) => rows)).toEqual([64, 32, 16, 8, 4, 2]);
});

test("a chunk that ended its Worker three times, with nothing written down, is halved", async () => {
  const made = world();
  const id = await submit(made, LINES);
  let ended = false;
  await run(made, id, {
    round: async () => {
      if (ended) return;
      ended =
        (
          await env.DB.prepare("UPDATE chunks SET attempts = 3 WHERE batch = ? AND first = 64 AND state = 'pending'")
            .bind(id)
            .run()
        ).meta.changes > 0;
    },
  });
  await expectWhole(made, id);
  const { results } = await env.DB.prepare("SELECT first FROM chunks WHERE batch = ? AND state = 'done' ORDER BY first")
    .bind(id)
    .all();
  expect(results.map(({ first }) => first)).toEqual([0, 64, 96, 128]);
});

test("while the model is away nothing is given up, and then all of it is answered", async () => {
  const made = world();
  made.visionAway = true;
  const id = await submit(made, LINES);
  const start = Date.now();
  await run(made, id, { round: async () => { made.visionAway = Date.now() < start + 20 * 60_000; } }); // biome-ignore format: one line
  await expectWhole(made, id);
});

test("cancelled while it runs: what was answered stays, every other line is an error", async () => {
  const made = world();
  const id = await submit(made, LINES);
  const job = await run(made, id, {
    most: 1,
    round: async () => {
      const { completed = 0 } = (await findJob(env.DB, id)) ?? {};
      if (completed > 0) await stopJob(env.DB, id, "cancelled", Date.now());
    },
  });
  const { results, errors, codes } = await outcomeOf(job);
  expect(job).toMatchObject({ status: "cancelled", total: ROWS, completed: results.length, failed: errors.length });
  expect(results.length + errors.length).toBe(ROWS);
  expect(results.length).toBeGreaterThan(0);
  expect(new Set(codes)).toEqual(new Set(["invalid_json", "cancelled"]));
});

test("cancelled before it was validated, it is validated all the same: every line is told", async () => {
  const made = world();
  const id = await submit(made, LINES);
  await stopJob(env.DB, id, "cancelled", Date.now());
  const job = await run(made, id);
  expect(job).toMatchObject({ status: "cancelled", total: ROWS, completed: 0, failed: ROWS });
  expect(made.decoded).toEqual([]);
});

test("a job that is late is answered as expired", async () => {
  const made = world();
  made.visionAway = true;
  const id = await submit(made, LINES, { expires: Date.now() + 60_000 });
  const job = await run(made, id);
  expect(job).toMatchObject({ status: "expired", completed: 0, failed: ROWS });
  expect((await outcomeOf(job)).codes.filter((code) => code === "expired")).toHaveLength(ROWS - 1);
});

test("another model is deployed meanwhile: nothing is computed across spaces", async () => {
  const made = world();
  const id = await submit(made, LINES);
  await env.DB.prepare(`UPDATE batches SET model = '{"id":"old","space":"other","pack":"p"}'`).run();
  const job = await run(made, id);
  expect(new Set((await outcomeOf(job)).codes)).toContain("space_mismatch");
  expect(made.decoded).toEqual([]);
});

test("its end is told once, and an urgent job goes first", async () => {
  const made = world();
  const callback = { url: "https://hooks.example.com/a", secrets: ["SECRET"] };
  const slow = await submit(made, LINES, { callback });
  const urgent = await submit(made, LINES);
  await env.DB.prepare("UPDATE batches SET priority = 2 WHERE id = ?").bind(urgent).run();
  const progress = async (id: string) => (await findJob(env.DB, id))?.completed ?? 0;
  const seen: number[] = [];
  await run(made, urgent, {
    most: 1,
    round: async () => void ((await progress(urgent)) < GOOD.length && seen.push(await progress(slow))),
  });
  expect(new Set(seen)).toEqual(new Set([0]));
  await run(made, slow, { width: 2, deliver: (due) => due.filter(({ kind }) => kind !== "delivery") });
  const told = await listDeliveries(env.DB, "pending", 10, undefined);
  expect(told.map(({ id, url }) => [id, url])).toEqual([[`msg_${slow}`, callback.url]]);
  expect(JSON.parse(told[0]!.body)).toMatchObject({
    type: "batch.completed",
    data: { id: slow, counts: { total: ROWS } },
  });
});

test("chunks are put away after a finished job, and everything of a deleted one, whoever still works on it", async () => {
  const made = world();
  const keys = async (job: string) =>
    (await env.BUCKET.list({ prefix: folderOf(job) })).objects.map(({ key }) => key.slice(folderOf(job).length));
  const done = await submit(made, LINES);
  await run(made, done);
  const late = await submit(made, LINES);
  let held: Work[] = [];
  for (let at = 0; at < 3; at++) held = made.queued.splice(0).map(({ body }) => body).filter(({ kind }) => kind !== "batch" || at > 0); // biome-ignore format: one line
  await deleteJob(env.DB, late, Date.now());
  await bring(made, held);
  for (let at = 0; at < 30; at++) {
    vi.setSystemTime(Date.now() + 3 * 60_000);
    await sweep(made.env, Date.now());
    await bring(made, made.queued.splice(0).map(({ body }) => body)); // biome-ignore format: one line
  }
  expect((await keys(done)).sort()).toEqual(["errors.ndjson", "results.ndjson", "vectors.npy"]);
  expect(await keys(late)).toEqual([]);
  const { results } = await env.DB.prepare("SELECT id FROM batches").all();
  expect(results.map(({ id }) => id)).toEqual([done]);
  vi.setSystemTime(Date.now() + 31 * 86_400_000);
  for (let at = 0; at < 30; at++) {
    vi.setSystemTime(Date.now() + 3 * 60_000);
    await sweep(made.env, Date.now());
    await bring(made, made.queued.splice(0).map(({ body }) => body)); // biome-ignore format: one line
  }
  expect(await keys(done)).toEqual([]);
});

test("an upload that did not end is deleted, one that was accepted meanwhile is not", async () => {
  const made = world();
  const due = Date.now();
  const open = { task: "embed" as const, options: {}, model: { id: "m", space: "s", pack: "p" }, dim: 8, priority: 1, callback: null, caller: "" }; // biome-ignore format: one line
  for (const id of ["left", "late"]) {
    await openJob(env.DB, { id, ...open, now: due, expires: due + 1 }, due);
    await env.BUCKET.put(inputKey(id), "lines");
  }
  // Accepted between the message and the work on it.
  const late = (await claimJob(env.DB, { id: "late", due_at: due }, due + 1))!;
  expect(await acceptJob(env.DB, "late", { upload: 5 }, { key: undefined, hash: "" }, due + 2)).toBeDefined();
  expect(await giveUpUpload(env.DB, late)).toBe(false);
  await bring(made, [{ kind: "batch", id: "left", due_at: due }]);
  expect(await acceptJob(env.DB, "left", { upload: 5 }, { key: undefined, hash: "" }, due + 2)).toBeUndefined();
  expect(await env.BUCKET.head(inputKey("left"))).toBeNull();
  expect(await env.BUCKET.head(inputKey("late"))).not.toBeNull();
});

test("answers of more than a part are put together part by part, also by one invocation after the other", async () => {
  const made = world(8_192);
  const id = await submit(made, LINES);
  // Up to where it is put together.
  for (let at = 0; (await findJob(env.DB, id))?.status !== "finalizing"; at++) {
    if (at > 50) throw new Error("the lines are not answered");
    await bring(made, made.queued.splice(0, 1).map(({ body }) => body)); // biome-ignore format: one line
  }
  const { due_at } = (await findJob(env.DB, id))!;
  let leased = (await claimJob(env.DB, { id, due_at: due_at! }, due_at! + 1))!;
  let invocations = 1;
  for (let rest: string | undefined; ; invocations++) {
    rest = await assemble(made.env, leased, { limitMs: 0, partBytes: 5 * 2 ** 20 });
    if (rest === undefined) break;
    leased = { ...leased, assembly: rest };
  }
  expect(invocations).toBeGreaterThan(2);
  await env.DB.prepare("UPDATE batches SET due_at = ? WHERE id = ?").bind(Date.now(), id).run();
  await bring(made, [{ kind: "batch", id, due_at: Date.now() }]);
  expect(isEnded(await findJob(env.DB, id))).toBe(true);
  await expectWhole(made, id);
});
