// An export imported and deployed: its bank encoded at build time, a policy on the same labels, every Worker running.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Collection, freePort, startCollection } from "../../src/build/collection.ts";
import { apiFirst, writeConfigs } from "../../src/build/configs.ts";
import { importModel } from "../../src/build/import/importModel.ts";
import type { ImportOptions } from "../../src/build/import/importOptions.ts";
import { EMBEDDED, STAGE_DIR, stage } from "../../src/build/stage.ts";
import type { Manifest } from "../../src/core/pack/manifest.ts";
import { writeEntries } from "./entries.ts";

export interface Imported {
  manifest: Manifest;
  packDir: string;
  url: string;
  stop(): Promise<void>;
}

export interface ImportedOptions extends Pick<ImportOptions, "id" | "logit" | "quantization"> {
  /** Of the bank `few`. */
  labels: readonly string[];
  /** Its `<id>.yaml`, by id. */
  policies?: Readonly<Record<string, string>>;
}

export async function startImported({ id, logit, quantization, labels, policies }: ImportedOptions): Promise<Imported> {
  await mkdir(join(STAGE_DIR, "test"), { recursive: true });
  const dir = await mkdtemp(join(STAGE_DIR, "test", "imported-"));
  const packDir = join(dir, "pack");
  const { manifest } = await importModel({
    sourceDir: `test/goldens/import/${id}`,
    ...{ id, outDir: packDir, fp32Dir: join(dir, "fp32"), quantization, logit },
    calibrationDir: "test/fixtures/pictures",
    source: { repo: "local", revision: "unknown", licence: "unknown" },
    ...{ allowDrift: true, texts: ["a photo of a cat."], log: () => {} },
  });
  const folder = async (name: string): Promise<string> => {
    await mkdir(join(dir, name));
    return join(dir, name);
  };
  const labelsDir = await folder("labels");
  const policiesDir = await folder("policies");
  await writeFile(join(labelsDir, "few.yaml"), `title: Few\ntemplates: ["a {}"]\nlabels: [${labels}]\n`);
  for (const [name, yaml] of Object.entries(policies ?? {})) await writeFile(join(policiesDir, `${name}.yaml`), yaml);
  const [webhooksDir, deploymentDir, assetsDir] = [
    await folder("webhooks"),
    await folder("deployment"),
    await folder("assets"),
  ];
  await stage({ ...EMBEDDED, packDir, labelsDir, policiesDir, webhooksDir, deploymentDir, assetsDir, log: () => {} });
  const { api, batch } = await writeEntries(dir);
  const configs = await writeConfigs(manifest, {
    dir: join(dir, "config"),
    assets: { vision: join(assetsDir, "vision"), text: join(assetsDir, "text") },
    overrides: { api: { main: api }, batch: { main: batch } },
  });
  const port = await freePort(0);
  const running: Collection = await startCollection({
    configs: apiFirst(configs),
    port,
    live: "/healthz",
    vars: { OPEN_API: "yes" },
  });
  const stop = async (): Promise<void> => {
    await running.stop();
    await rm(dir, { recursive: true });
  };
  return { manifest, packDir, url: running.url, stop };
}
