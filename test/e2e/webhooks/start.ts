// The collection with sources of webhooks of its own, deployed as for real: keys are needed, hosts are named.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Collection, freePort, startCollection } from "../../../src/build/collection.ts";
import { apiFirst, writeConfigs } from "../../../src/build/configs.ts";
import { migrate } from "../../../src/build/migrate.ts";
import { EMBEDDED, STAGE_DIR, type StageOptions, stage } from "../../../src/build/stage.ts";

import { writeEntries } from "../entries.ts";
import { POLICIES_DIR } from "../policies.ts";

export interface WebhookCollection {
  /** Where databases and buckets are kept. */
  state: string;
  /** Configuration of the api Worker. */
  config: string;
  /** Until then nobody else may open what is kept there. */
  migrated: Promise<void>;
  /** Starts it, or starts it again with the database that it had. */
  start(): Promise<Collection>;
}

interface Config {
  name: string;
  vars?: Record<string, string>;
  queues?: { consumers?: Record<string, unknown>[] };
  services: { binding: string; service: string }[];
  [entry: string]: unknown;
}

async function amend(path: string, change: (config: Config) => Partial<Config>): Promise<void> {
  const config = JSON.parse(await readFile(path, "utf8")) as Config;
  await writeFile(path, JSON.stringify({ ...config, ...change(config) }));
}

/**
 * @param sources YAML by id
 * @param vars of api and batch
 * @param loopback where everything is that is elsewhere
 * @param name of a folder of its own
 * @param big model, with what is embedded for it
 */
export async function webhookCollection(
  sources: Record<string, string>,
  vars: Record<string, string>,
  loopback: string,
  name = "webhooks",
  big?: StageOptions["big"],
): Promise<WebhookCollection> {
  const own = join(STAGE_DIR, "test", name);
  const [webhooksDir, deploymentDir, state] = ["sources", "deployment", "state"].map((name) => join(own, name)) as [
    string,
    string,
    string,
  ];
  await Promise.all([webhooksDir, state].map((dir) => rm(dir, { recursive: true, force: true })));
  await Promise.all([webhooksDir, deploymentDir].map((dir) => mkdir(dir, { recursive: true })));
  for (const [id, yaml] of Object.entries(sources)) await writeFile(join(webhooksDir, `${id}.yaml`), yaml);
  const manifest = await stage({
    ...{ ...EMBEDDED, policiesDir: POLICIES_DIR, webhooksDir, deploymentDir, big },
    log: () => {},
  });
  const entries = await writeEntries(own);
  const configs = await writeConfigs(manifest, { dir: join(own, "config") });
  const { name: visionName } = JSON.parse(await readFile(configs.vision, "utf8")) as Config;
  const egress = { name: "egress", main: resolve("test/e2e/webhooks/egress.ts"), compatibility_date: "2026-09-01" };
  const services = [{ binding: "VISION", service: visionName }];
  const egressPath = join(own, "config", "egress.json");
  await writeFile(egressPath, JSON.stringify({ ...egress, services, vars: { LOOPBACK: loopback } }));
  for (const worker of ["api", "batch"] as const) {
    await amend(configs[worker], (config) => ({
      main: entries[worker],
      vars: { ...config.vars, ...vars },
      // Messages are not waited for, so that the tests are not either.
      queues: {
        ...config.queues,
        ...(config.queues?.consumers && {
          consumers: config.queues.consumers.map((consumer) => ({ ...consumer, max_batch_timeout: 0 })),
        }),
      },
      services: [
        ...config.services.map((each) => (each.binding === "VISION" ? { ...each, service: "egress" } : each)),
        { binding: "OUTBOUND", service: "egress" },
      ],
    }));
  }
  const migrated = migrate(configs.api, { state });
  const start = async () => {
    const port = await freePort(0);
    const options = { configs: [...apiFirst(configs), egressPath], port, live: "/healthz", state };
    const [collection] = await Promise.all([startCollection(options), migrated]);
    return collection;
  };
  return { start, state, config: configs.api, migrated };
}
