// Bundles every Worker as a deploy would, into .edgeclip/bundle, for the size check.
import { readFile, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { readManifest } from "../core/pack/readManifest.ts";
import { CONFIG_DIR, WORKERS, type WorkerName, writeConfigs } from "./configs.ts";
import { STAGE_DIR } from "./stage.ts";
import { runWrangler } from "./wrangler.ts";

/** @returns the folder of each Worker's bundle. Needs what `stage` lays out. */
export async function bundleAll(): Promise<Record<WorkerName, string>> {
  const manifest = readManifest(JSON.parse(await readFile("models/nano/pack.json", "utf8")));
  const configs = await writeConfigs(manifest, { dir: CONFIG_DIR });
  const dirOf = (worker: WorkerName) => resolve(STAGE_DIR, "bundle", worker);
  for (const worker of WORKERS) {
    // Banks are called after their content: those of another model would stay.
    await rm(dirOf(worker), { recursive: true, force: true });
    const args = ["deploy", "-c", configs[worker], "--dry-run", "--outdir", dirOf(worker)];
    const { status, said } = await runWrangler(args, "pipe");
    if (status !== 0) throw new Error(`wrangler could not bundle ${worker}:\n${said}`);
  }
  return {
    image: dirOf("image"),
    vision: dirOf("vision"),
    text: dirOf("text"),
    batch: dirOf("batch"),
    api: dirOf("api"),
  };
}

if (import.meta.main) await bundleAll();
