/// <reference types="@cloudflare/vitest-plugin/types" />
// The fault drill of batches: whatever fails, every line is answered exactly once in the end.
import { env } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { drills, expectWhole, GOOD, LINES, ROWS } from "./drill.ts";
import { outcomeOf, POISON, run, submit, world } from "./world.ts";

drills();

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

test("another model is deployed meanwhile: nothing is computed across spaces", async () => {
  const made = world();
  const id = await submit(made, LINES);
  await env.DB.prepare(`UPDATE batches SET model = '{"id":"old","space":"other","pack":"p"}'`).run();
  const job = await run(made, id);
  expect(new Set((await outcomeOf(job)).codes)).toContain("space_mismatch");
  expect(made.decoded).toEqual([]);
});
