// Bundles every Worker as a deploy would, into .edgeclip/bundle, for the size check.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readManifest } from "../core/pack/readManifest.ts";
import { CONFIG_DIR, WORKERS, writeConfigs } from "./configs.ts";
import { STAGE_DIR } from "./stage.ts";
import { runWrangler } from "./wrangler.ts";

const manifest = readManifest(JSON.parse(await readFile("models/nano/pack.json", "utf8")));
const configs = await writeConfigs(manifest, { dir: CONFIG_DIR });
for (const worker of WORKERS) {
  const status = await runWrangler([
    "deploy",
    "-c",
    configs[worker],
    "--dry-run",
    "--outdir",
    resolve(STAGE_DIR, "bundle", worker),
  ]);
  if (status !== 0) process.exit(status);
}
