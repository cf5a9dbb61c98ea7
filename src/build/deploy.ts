// `npm run deploy`: the database, then model Workers under their pack's name, the api last, so that the switch is one deploy.
import { parseArgs } from "node:util";
import { CONFIG_DIR, WORKERS, writeConfigs } from "./configs.ts";
import { migrate } from "./migrate.ts";
import { stage } from "./stage.ts";
import { STAGE_FLAGS, STAGE_USAGE, stageOptions } from "./stageFlags.ts";
import { runWrangler } from "./wrangler.ts";

const USAGE = `npm run deploy -- --database <id>

  --dry-run       says what would be deployed, and deploys nothing
  --database      the id of the D1 database (EDGECLIP_DATABASE)
  --bucket        the R2 bucket (EDGECLIP_BUCKET, else edgeclip)
  --pull-queue    the queue that backends pull from (EDGECLIP_PULL_QUEUE); needs PULL_MODEL in the environment
${STAGE_USAGE}`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ...STAGE_FLAGS,
      database: { type: "string", default: process.env.EDGECLIP_DATABASE ?? "" },
      bucket: { type: "string", default: process.env.EDGECLIP_BUCKET ?? "" },
      "pull-queue": { type: "string", default: process.env.EDGECLIP_PULL_QUEUE ?? "" },
      "dry-run": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
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
  const manifest = await stage(stageOptions(values));
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
        `wrangler could not deploy ${worker}; what was deployed before it serves no request until the api is switched${worker === "api" ? ", but the new batch Worker takes what is queued" : ""}.`,
      );
  }
  if (dry) console.log("\nNothing was deployed.");
  else
    console.log(`
Done. Without keys everything but /healthz and /readyz answers 401. Set the SHA-256 of your API keys:
  printf %s "$KEY" | sha256sum     then     npx wrangler secret put API_KEYS_SHA256
The secrets of webhooks (models/webhooks) in the same way, those of callbacks with --name edgeclip-batch.
Model Workers of earlier packs stay for a rollback; delete them with: npx wrangler delete --name edgeclip-vision-<hash8>`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
