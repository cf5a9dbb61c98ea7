// `npm start`: builds what is missing, starts every Worker on loopback, and says what to type next.
import { parseArgs } from "node:util";
import { freePort, startCollection } from "./collection.ts";
import { apiFirst, CONFIG_DIR, writeConfigs } from "./configs.ts";
import { stage } from "./stage.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8787" },
    pack: { type: "string", default: "models/nano" },
    labels: { type: "string", default: "models/labels" },
    policies: { type: "string", default: "models/policies" },
    webhooks: { type: "string", default: "models/webhooks" },
  },
});

try {
  const manifest = await stage({
    packDir: values.pack,
    labelsDir: values.labels,
    policiesDir: values.policies,
    webhooksDir: values.webhooks,
    log: console.log,
  });
  const configs = await writeConfigs(manifest, { dir: CONFIG_DIR });
  const port = await freePort(Number(values.port));
  const collection = await startCollection({
    configs: apiFirst(configs),
    port,
    live: "/healthz",
    vars: { OPEN_API: "yes", ALLOW_DEMO_MODERATION: "yes" },
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void collection.stop());

  const ready = await fetch(`${collection.url}/readyz`);
  if (!ready.ok) throw new Error(`The Workers are up but not ready: ${await ready.text()}`);
  console.log(`
edgeclip answers on ${collection.url} (model ${manifest.id}, open without keys on this machine only)

  curl --data-binary @test/fixtures/pictures/t-shirt.jpg '${collection.url}/v1/classify?bank=everyday&top_k=3'

Or open ${collection.url} and drop a photo. Ctrl-C stops it.`);
  const said = await collection.ended;
  if (said.trim()) console.error(said);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
