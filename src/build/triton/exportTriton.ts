// A pack as a Triton model repository: a folder a tower, with config.pbtxt and the graph beside its weights.
import { constants } from "node:fs";
import { access, copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isInteger, type Manifest, shardsOf, type TowerName } from "../../core/pack/manifest.ts";
import { size } from "../terminal/amounts.ts";
import { verifyFiles } from "../verify/verifyFiles.ts";
import { type TritonOptions, tritonConfig } from "./config.ts";

/** Triton counts versions; which pack it is stands in the parameters. */
const VERSION = "1";
const TOWERS: readonly TowerName[] = ["vision", "text"];

export interface ExportOptions extends TritonOptions {
  packDir: string;
  manifest: Manifest;
  outDir: string;
  /** In front of the towers' names, for a repository of several models. */
  prefix: string;
  force: boolean;
  log: (line: string) => void;
}

/** @throws Error for what Triton would serve badly or not at all */
export async function exportTriton(options: ExportOptions): Promise<string[]> {
  const { packDir, manifest, outDir, prefix, force, device, log } = options;
  if (isInteger(manifest.quantization) && device === "gpu")
    throw new Error(
      `${packDir} is ${manifest.quantization}, which ONNX Runtime has no CUDA kernels for: it would run on the CPU behind a GPU's back. ` +
        "Export the fp32 pack (.edgeclip/fp32/<id>, made by `models build`), or say --device cpu.",
    );
  const towers = TOWERS.filter((tower) => manifest.files.some(({ name }) => name === `${tower}.onnx`));
  const names = towers.map((tower) => prefix + tower);
  for (const name of names) {
    const there = await access(join(outDir, name)).then(
      () => true,
      () => false,
    );
    if (there && !force) throw new Error(`${join(outDir, name)} is there already; --force replaces it.`);
  }
  for (const tower of towers) {
    const files = manifest.files.filter(
      ({ name }) => name === `${tower}.onnx` || shardsOf(manifest, tower).some((shard) => shard.name === name),
    );
    const [wrong] = (await verifyFiles(packDir, files)).filter(({ problem }) => problem);
    if (wrong) throw new Error(`${join(packDir, wrong.name)} ${wrong.problem}`);
    const name = prefix + tower;
    const versionDir = join(outDir, name, VERSION);
    await rm(join(outDir, name), { recursive: true, force: true });
    await mkdir(versionDir, { recursive: true });
    for (const file of files) {
      // The graph names its weights by their own names, beside itself.
      const target = file.name === `${tower}.onnx` ? "model.onnx" : file.name;
      await copyFile(join(packDir, file.name), join(versionDir, target), constants.COPYFILE_FICLONE);
    }
    // Last: without it Triton does not take the folder for a model.
    await writeFile(join(outDir, name, "config.pbtxt"), tritonConfig(name, manifest, tower, options));
    log(`${join(outDir, name)}: ${files.length} files, ${size(files.reduce((sum, { bytes }) => sum + bytes, 0))}`);
  }
  return names;
}
