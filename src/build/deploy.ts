// `npm run deploy`: the database, then model Workers under their pack's name, the api last, so that the switch is one deploy.
import { parseArgs } from "node:util";
import { CONFIG_DIR, WORKERS, writeConfigs } from "./configs.ts";
import { migrate } from "./migrate.ts";
import { bigOptions, stage } from "./stage.ts";
import { runWrangler } from "./wrangler.ts";

const { values } = parseArgs({
  options: {
    pack: { type: "string", default: "models/nano" },
    labels: { type: "string", default: "models/labels" },
    policies: { type: "string", default: "models/policies" },
    webhooks: { type: "string", default: "models/webhooks" },
    big: { type: "string" },
    "big-labels": { type: "string" },
    "big-policies": { type: "string" },
    database: { type: "string", default: process.env.EDGECLIP_DATABASE ?? "" },
    bucket: { type: "string", default: process.env.EDGECLIP_BUCKET ?? "" },
    "pull-queue": { type: "string", default: process.env.EDGECLIP_PULL_QUEUE ?? "" },
    "dry-run": { type: "boolean", default: false },
  },
});

try {
  console.log(`Deploying needs the Workers Paid plan: encoding a picture takes tens of milliseconds of CPU,
the free plan allows 10 ms a request.\n`);
  const dry = values["dry-run"];
  if (!values.database && !dry)
    throw new Error(`Which database? Make it, its queues and its bucket once:
  npx wrangler d1 create edgeclip
  npx wrangler queues create edgeclip-webhooks
  npx wrangler queues create edgeclip-batches
  npx wrangler queues create edgeclip-batches-dead
  npx wrangler r2 bucket create edgeclip
then name the database's id: npm run deploy -- --database <id>, or EDGECLIP_DATABASE=<id>.`);
  const manifest = await stage({
    packDir: values.pack,
    labelsDir: values.labels,
    policiesDir: values.policies,
    webhooksDir: values.webhooks,
    big: bigOptions(values, values),
    log: console.log,
  });
  const pullQueue = values["pull-queue"];
  const pullModel = process.env.PULL_MODEL;
  if (pullQueue && !pullModel)
    throw new Error("--pull-queue needs PULL_MODEL in the environment: `npm run backend -- --pull` says what it is.");
  const pulled = { PULL_MODEL: pullModel ?? "" };
  const configs = await writeConfigs(manifest, {
    dir: CONFIG_DIR,
    ...(pullQueue && { pullQueue, vars: { api: pulled, batch: pulled } }),
    ...(values.database && { database: values.database }),
    ...(values.bucket && { bucket: values.bucket }),
  });
  console.log(`\ndatabase${dry ? " (dry run)" : ""}`);
  if (!dry) await migrate(configs.api, "remote");
  for (const worker of WORKERS) {
    if (worker === "text" && manifest.text.tower === "deploy") continue;
    console.log(`\n${worker}${dry ? " (dry run)" : ""}`);
    const { status } = await runWrangler(["deploy", "-c", configs[worker], ...(dry ? ["--dry-run"] : [])], "inherit");
    if (status !== 0)
      throw new Error(
        `wrangler could not deploy ${worker}; what was deployed before it serves nobody until the api is switched.`,
      );
  }
  if (dry) console.log("\nNothing was deployed.");
  else
    console.log(`
Done. Without keys everything but /healthz and /readyz answers 401. Set the SHA-256 of your API keys:
  printf %s "$KEY" | sha256sum     then     npx wrangler secret put API_KEYS_SHA256
The secrets of webhooks (models/webhooks) in the same way, those of callbacks with --name edgeclip-batch.
Model Workers of earlier packs stay for a rollback; delete them with: npx wrangler delete --name edgeclip-vision-<hash8>`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
