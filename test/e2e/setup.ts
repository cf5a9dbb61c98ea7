// Starts what the end-to-end tests talk to: the collection as `npm start` does it, one as it is deployed whose vision
// shard was tampered with, and the vision Worker alone, for its own protocol.
import { appendFileSync } from "node:fs";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { type Collection, freePort, startCollection } from "../../src/build/collection.ts";
import { apiFirst, writeConfigs } from "../../src/build/configs.ts";
import { migrate } from "../../src/build/migrate.ts";
import { EMBEDDED, STAGE_DIR, stage } from "../../src/build/stage.ts";
import { sha256 } from "../../src/core/hash.ts";
import { writeEntries } from "./entries.ts";
import { POLICIES_DIR, writePolicies } from "./policies.ts";

/** Requests a minute of one key, where the limit is tested. */
export const RATE_LIMIT = 30;
export const API_KEY = "key-of-the-tests";
/** One that may tag, and nothing else. */
export const TAG_KEY = "key-that-may-tag";
/** What the deployed collection logs. */
export const LOG_FILE = join(STAGE_DIR, "test", "deployed.log");

declare module "vitest" {
  interface ProvidedContext {
    url: string;
    tampered: string;
    vision: string;
    /** A key that is used up; another in each run, since the limit outlives one. */
    limitedKey: string;
  }
}

async function tamper(): Promise<string> {
  const dir = join(STAGE_DIR, "tampered");
  await cp(join(STAGE_DIR, "vision"), dir, { recursive: true });
  const shard = join(dir, "vision.0.bin");
  const bytes = await readFile(shard);
  bytes[1234] = (bytes[1234] ?? 0) ^ 1;
  await writeFile(shard, bytes);
  return dir;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = join(STAGE_DIR, "test");
  await writePolicies();
  const deploymentDir = join(dir, "deployment");
  const manifest = await stage({ ...EMBEDDED, policiesDir: POLICIES_DIR, deploymentDir, log: () => {} });
  const { api, batch } = await writeEntries(dir);
  const configs = await writeConfigs(manifest, {
    dir: join(dir, "whole"),
    overrides: { api: { main: api }, batch: { main: batch } },
  });
  const broken = await writeConfigs(manifest, {
    dir: join(dir, "tampered"),
    assets: { vision: await tamper() },
    overrides: {
      batch: { main: batch },
      api: {
        main: api,
        // A deployment may do without free text.
        services: [
          { binding: "IMAGE", service: "edgeclip-image" },
          {
            binding: "VISION",
            service: `edgeclip-vision-${manifest.pack.slice("sha256:".length, "sha256:".length + 8)}`,
          },
        ],
        ratelimits: [{ name: "RATE_LIMIT", namespace_id: "1", simple: { limit: RATE_LIMIT, period: 60 } }],
      },
    },
  });
  const limitedKey = crypto.randomUUID();
  project.provide("limitedKey", limitedKey);
  const hashOf = async (key: string) => (await sha256(new TextEncoder().encode(key))).slice("sha256:".length);
  const keys = [await hashOf(API_KEY), await hashOf(limitedKey), `${await hashOf(TAG_KEY)}=tag`].join(",");
  await rm(LOG_FILE, { force: true });
  const running: Collection[] = [];
  const start = async (options: Omit<Parameters<typeof startCollection>[0], "port">) => {
    const collection = await startCollection({ ...options, port: await freePort(0) });
    running.push(collection);
    return collection.url;
  };
  const state = join(dir, "state");
  await rm(state, { recursive: true, force: true });
  await migrate(configs.api, { state });
  project.provide(
    "url",
    await start({
      configs: apiFirst(configs),
      state,
      live: "/healthz",
      vars: { OPEN_API: "yes", ALLOW_DEMO_MODERATION: "yes" },
    }),
  );
  project.provide(
    "tampered",
    await start({
      configs: apiFirst(broken),
      live: "/healthz",
      listen: (chunk) => appendFileSync(LOG_FILE, chunk),
      vars: { API_KEYS_SHA256: keys, REMOTE_HOSTS: "images.example.com", CORS_ORIGINS: "https://shop.example.com" },
    }),
  );
  project.provide("vision", await start({ configs: [configs.vision], live: "/v2/health/live" }));
  return async () => {
    await Promise.all(running.map((collection) => collection.stop()));
  };
}
