// The collection with a pull queue, deployed as for real: keys are needed, one of them is the backends'.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pullModelOf } from "../../../src/backend/pull/startPulling.ts";
import { type Collection, freePort, startCollection } from "../../../src/build/collection.ts";
import { apiFirst, writeConfigs } from "../../../src/build/configs.ts";
import { migrate } from "../../../src/build/migrate.ts";
import { EMBEDDED, STAGE_DIR, stage } from "../../../src/build/stage.ts";
import { writeEntries } from "../../e2e/entries.ts";
import { hashOf } from "../running.ts";

export const CLIENT_KEY = "key-of-a-client";
export const BACKEND_KEY = "key-of-the-backends";
const NAME = "edgeclip-pull";

/** @param folder of its own below the stage */
export async function pullCollection(folder: string, queueUrl: string): Promise<Collection> {
  const own = join(STAGE_DIR, "test", "pull", folder);
  const [deploymentDir, state] = [join(own, "deployment"), join(own, "state")];
  await rm(state, { recursive: true, force: true });
  await mkdir(deploymentDir, { recursive: true });
  const manifest = await stage({ ...EMBEDDED, deploymentDir, log: () => {} });
  const { api, batch } = await writeEntries(own);
  const vars = {
    PULL_MODEL: JSON.stringify(pullModelOf(manifest)),
    API_KEYS_SHA256: `${hashOf(CLIENT_KEY)}=batches+embeddings+admin,${hashOf(BACKEND_KEY)}=backend`,
    ALLOW_DEMO_MODERATION: "yes",
  };
  const configs = await writeConfigs(manifest, {
    dir: join(own, "config"),
    pullQueue: NAME,
    vars: { api: vars, batch: vars },
    overrides: { api: { main: api }, batch: { main: batch } },
  });
  const bridge = join(own, "config", "bridge.json");
  const consumers = [{ queue: NAME, max_batch_size: 10, max_batch_timeout: 0 }];
  await writeFile(
    bridge,
    JSON.stringify({
      ...{ name: "bridge", main: resolve("test/backend/pull/bridge.ts"), compatibility_date: "2026-09-01" },
      ...{ vars: { QUEUE_URL: queueUrl }, queues: { consumers } },
    }),
  );
  await migrate(configs.api, { state });
  const port = await freePort(0);
  return startCollection({ configs: [...apiFirst(configs), bridge], port, live: "/healthz", state });
}
