// Pulling a small model from a hub on loopback, and what was asked of that hub.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { hubOf } from "../../../src/build/hub/hub.ts";
import { type PullOptions, pullModel } from "../../../src/build/hub/pullModel.ts";
import type { KnownModel } from "../../../src/build/registry/schema.ts";
import { type FakeHub, startHub } from "./startHub.ts";

export const REPO = "owner/model";
export const CHUNK = 16 * 1024;
export const WEIGHTS = "model.safetensors";
export const weights = randomBytes(10 * CHUNK + 123);
export const config = Buffer.from('{"model_type": "clip"}\n');
const MODEL: KnownModel = {
  id: "model",
  title: "A model",
  command: "build",
  repo: REPO,
  revision: "main",
  layout: "any",
  licence: { id: "MIT", commercial: true, source: "card" },
  image_size: 224,
  embed_dim: 512,
  params: { vision: 1, text: 1, source: "card" },
  text_tower: "edge",
};
export const LAYOUT = {
  files: ["config.json"],
  one_of: [[[WEIGHTS], [`${WEIGHTS}.index.json`]]],
  optional: ["preprocessor_config.json"],
};

/** Of one test. */
interface Pulling {
  dir: string;
  hub: FakeHub;
  /** Milliseconds that were to be waited. */
  waits: number[];
}
export let pulling: Pulling;

/** A hub with one model and an empty folder, anew for each test. */
export function pulls(): void {
  beforeEach(async () => {
    const hub = await startHub(REPO);
    hub.files.set("config.json", { content: config, lfs: false });
    hub.files.set(WEIGHTS, { content: weights, lfs: true });
    pulling = { dir: mkdtempSync(join(tmpdir(), "edgeclip-pull-")), hub, waits: [] };
  });
  afterEach(() => {
    pulling.hub.close();
    rmSync(pulling.dir, { recursive: true });
  });
}

export const lines: string[] = [];
export function pull(change: Partial<PullOptions> = {}, token?: string) {
  lines.length = 0;
  const asked = hubOf({ HF_ENDPOINT: pulling.hub.url, HF_TOKEN: token });
  return pullModel({
    hub: {
      ...asked,
      wait: async (ms) => {
        pulling.waits.push(ms);
      },
    },
    model: MODEL,
    layout: LAYOUT,
    outDir: join(pulling.dir, "out"),
    lockPath: join(pulling.dir, "models.lock.json"),
    revision: undefined,
    update: false,
    parallel: 4,
    freeBytes: async () => 1e12,
    agree: async () => undefined,
    log: (line) => lines.push(line),
    screen: { write: () => true },
    chunkBytes: CHUNK,
    ...change,
  });
}
export const out = (name: string) => readFileSync(join(pulling.dir, "out", name));
export const lock = () => JSON.parse(readFileSync(join(pulling.dir, "models.lock.json"), "utf8"));
export const fetched = () => pulling.hub.seen.filter(({ host, method }) => host === "cdn" && method === "GET");
/** Answers the n-th GET of the delivering host by itself. */
export function onDelivery(n: number, answer: (response: ServerResponse) => void): void {
  let count = 0;
  pulling.hub.interfere = (host, request, response) => {
    if (host !== "cdn" || request.method !== "GET" || ++count !== n) return false;
    answer(response);
    return true;
  };
}
