// `npm start`: builds what is missing, starts every Worker on loopback, and says what to type next.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Collection, freePort, startCollection } from "./collection.ts";
import { apiFirst, LOCAL_DIR, writeConfigs } from "./configs.ts";
import { migrate } from "./migrate.ts";
import { stage } from "./stage.ts";
import { STAGE_FLAGS, STAGE_USAGE, stageOptions } from "./stageFlags.ts";
import { integerFlag } from "./terminal/integerFlag.ts";
import { localSecrets } from "./webhooks/localSecrets.ts";
import { stagedSources } from "./webhooks/stagedSources.ts";
import { whenStopped } from "./whenStopped.ts";

/** Miniflare fires no crons and forgets delayed messages when it stops. */
const SWEEP_MS = 60_000;
/** Variables that this environment may set in place of wrangler.toml. */
const HANDED_ON = ["REMOTE_HOSTS", "CALLBACK_HOSTS", "BIG_BACKEND_URLS"];
const HANDED_ON_TO_BATCH = ["BACKEND_URLS", "BACKEND_KEY", "BACKEND_FALLBACK"];
const fromEnvironment = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
/** What wrangler.toml names to sign webhooks of batches with. */
const BATCH_SECRETS = { secrets: ["BATCH_CALLBACK_SECRET"] };

const USAGE = `npm start

  --port          where it answers on 127.0.0.1 (8787, or a free one where that is taken)
${STAGE_USAGE}

The environment may set ${[...HANDED_ON, ...HANDED_ON_TO_BATCH].join(", ")}.`;

const ending = new AbortController();
whenStopped(() => ending.abort());
let running: Collection | undefined;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ...STAGE_FLAGS,
      port: { type: "string", default: "8787" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const wanted = integerFlag("port", values.port, 0, 65_535);
  const manifest = await stage(stageOptions(values));
  const sources = await stagedSources();
  const vars = {
    ALLOW_DEMO_MODERATION: "yes",
    ...(await localSecrets(join(LOCAL_DIR, "secrets.json"), [...sources, BATCH_SECRETS], process.env)),
    ...fromEnvironment(HANDED_ON),
  };
  const batch = { ...vars, ...fromEnvironment(HANDED_ON_TO_BATCH) };
  const configs = await writeConfigs(manifest, { dir: join(LOCAL_DIR, "config"), vars: { api: vars, batch } });
  const state = join(LOCAL_DIR, "state");
  const port = await freePort(wanted);
  const options = {
    configs: apiFirst(configs),
    port,
    live: "/healthz",
    vars: { OPEN_API: "yes" },
    state,
    signal: ending.signal,
  };
  const migrating = migrate(configs.api, { state }).catch((error: unknown) => error);
  const collection = await startCollection(options);
  running = collection;

  const failure = await migrating;
  if (failure) throw failure;
  const ready = await fetch(`${collection.url}/readyz`);
  if (!ready.ok) throw new Error(`The Workers are up but not ready: ${await ready.text()}`);
  const sweep = () =>
    fetch(`${collection.url}/v1/admin/sweep`, { method: "POST" }).catch((error: unknown) => console.error(error));
  await sweep();
  const sweeping = setInterval(sweep, SWEEP_MS);
  if (wanted !== 0 && port !== wanted) console.log(`\nPort ${wanted} is taken, by another npm start perhaps.`);
  console.log(`
edgeclip answers on ${collection.url} (model ${manifest.id}, open without keys on this machine only)

  curl --data-binary @test/fixtures/pictures/t-shirt.jpg '${collection.url}/v1/classify?bank=everyday&top_k=3'

Or open ${collection.url} and drop a photo. Ctrl-C stops it.`);
  const [source] = sources;
  if (source) {
    console.log(`
Webhooks are signed with secrets made for this machine, in ${LOCAL_DIR}/secrets.json; docs/webhooks.md says how. To send one:

  npm run webhook -- ${source.id} '{"data":{"images":["https://images.example.com/a.jpg"]}}' --to ${collection.url}`);
  }
  const said = await collection.ended;
  clearInterval(sweeping);
  if (said.trim()) console.error(said);
}

try {
  await main();
} catch (error) {
  await running?.stop();
  if (ending.signal.aborted) process.exit(0);
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
