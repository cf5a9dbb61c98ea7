/// <reference types="@cloudflare/vitest-plugin/types" />
// How batches end before their time, are told of, put together and put away, while messages come late or twice.
import { env } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { assemble } from "../../../src/functions/batch/assemble.ts";
import { claimJob, giveUpUpload } from "../../../src/functions/batch/jobRows.ts";
import { sweep } from "../../../src/functions/batch/sweep.ts";
import { acceptJob, deleteJob, findJob, openJob, stopJob } from "../../../src/functions/batches/jobs.ts";
import { folderOf, inputKey } from "../../../src/functions/batches/keys.ts";
import { listDeliveries } from "../../../src/functions/deliveries/deliveries.ts";
import type { Message as Work } from "../../../src/functions/work/message.ts";
import { drills, expectWhole, GOOD, LINES, ROWS } from "./drill.ts";
import { bring, isEnded, outcomeOf, run, submit, world } from "./world.ts";

drills();

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

test.each([
  ["part by part, also by one invocation after the other", { limitMs: 0, partBytes: 5 * 2 ** 20 }],
  ["however few chunks an invocation may read", { limitMs: 60_000, partBytes: 5 * 2 ** 20, maxReads: 1 }],
  ["within one part, by many invocations", { limitMs: 60_000, partBytes: 2 ** 30, maxReads: 2 }],
])("answers are put together %s", async (_how, options) => {
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
    // What an invocation wrote and could not hand on is written again.
    await assemble(made.env, leased, options);
    rest = await assemble(made.env, leased, options);
    if (rest === undefined) break;
    leased = { ...leased, assembly: rest };
  }
  expect(invocations).toBeGreaterThan(2);
  await env.DB.prepare("UPDATE batches SET due_at = ? WHERE id = ?").bind(Date.now(), id).run();
  await bring(made, [{ kind: "batch", id, due_at: Date.now() }]);
  expect(isEnded(await findJob(env.DB, id))).toBe(true);
  await expectWhole(made, id);
});
