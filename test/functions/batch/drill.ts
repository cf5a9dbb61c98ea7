/// <reference types="@cloudflare/vitest-plugin/types" />
// What drills of batches begin with, and what has to be there in the end.
import { applyD1Migrations, env } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, expect, vi } from "vitest";
import { findJob } from "../../../src/functions/batches/jobs.ts";
import { outputKey } from "../../../src/functions/batches/keys.ts";
import { outcomeOf, type World } from "./world.ts";

/** An empty database, a clock in the test's hands, and quiet. */
export function drills(): void {
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
}

/** 150 lines, of which two are no pictures: three chunks. */
export const ROWS = 150;
export const LINES = Array.from({ length: ROWS }, (_, at) =>
  at === 7 ? "no JSON" : at === 130 ? '{"custom_id":"130"}' : at % 200,
);
export const GOOD = LINES.flatMap((line, at) => (typeof line === "number" ? [`${at}`] : []));

/** Every line once, in order; the vectors of each where it belongs. */
export async function expectWhole(made: World, id: string): Promise<void> {
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
