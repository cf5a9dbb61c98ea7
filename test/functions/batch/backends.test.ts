/// <reference types="@cloudflare/vitest-plugin/types" />
// A batch whose pictures a backend encodes: while it is away chunks wait, and no line is lost.
import { applyD1Migrations, env } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { servedMetadata } from "../../../src/core/oip/metadata.ts";
import { backendEncoder } from "../../../src/functions/parts/backendEncoder.ts";
import { outcomeOf, run, submit, type World, world } from "./world.ts";

beforeAll(() => applyD1Migrations(env.DB, env.MIGRATIONS));
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const SHADES = Array.from({ length: 100 }, (_, at) => at);

/** @param away whether the backend does not answer. @returns how many inferences were asked of it */
function onBackend(made: World, away: () => boolean, fallback = ""): () => number {
  let asked = 0;
  const { manifest } = made.working.deployment;
  const bounds = { pictures: 5, tokens: 1 };
  const { VISION } = made.env;
  const settings = { BACKEND_URLS: "https://gpu.example.com", BACKEND_FALLBACK: fallback };
  made.working.encode = backendEncoder(settings, async (url, { method, headers, body }) => {
    if (away()) throw new TypeError("connection refused");
    if (method === "GET") return Response.json(servedMetadata(manifest, "vision", bounds));
    asked++;
    return VISION.fetch(url, { method, headers, body: body! });
  });
  return () => asked;
}

async function expectWhole(made: World, id: string): Promise<void> {
  const job = await run(made, id);
  expect(job).toMatchObject({ status: "completed", completed: SHADES.length, failed: 0 });
  expect((await outcomeOf(job)).results).toEqual(SHADES.map(String));
}

test("chunks are encoded in requests of the backend's size", async () => {
  const made = world();
  const asked = onBackend(made, () => false);
  await expectWhole(made, await submit(made, SHADES));
  // Chunks of 64 and 36 lines.
  expect(asked()).toBe(13 + 8);
});

test("while it is away chunks are tried again", async () => {
  const made = world();
  let refused = 0;
  const asked = onBackend(made, () => ++refused <= 4);
  await expectWhole(made, await submit(made, SHADES));
  expect(refused).toBeGreaterThan(4);
  expect(asked()).toBeGreaterThan(0);
});

test("with the edge to fall back on nobody waits", async () => {
  const made = world();
  const asked = onBackend(made, () => true, "edge");
  await expectWhole(made, await submit(made, SHADES));
  expect(asked()).toBe(0);
  expect(made.decoded).toHaveLength(SHADES.length);
});
