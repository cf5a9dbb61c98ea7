// A big model for cascades: a tiny checkpoint of another space, compiled in fp32.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buildModel } from "../../src/build/buildModel.ts";

/** @returns the folder of its pack, in `dir`, which is emptied before */
export async function buildBig(dir: string): Promise<string> {
  await rm(dir, { recursive: true, force: true });
  const packDir = join(dir, "pack");
  await buildModel({
    checkpointDir: "test/goldens/parity/hugging-face",
    ...{ id: "big", outDir: packDir, fp32Dir: join(dir, "fp32"), quantization: "fp32", calibrationDir: undefined },
    source: { repo: "local", revision: "unknown", licence: "unknown" },
    ...{ demo: false, allowDrift: true, tokens: false, texts: ["a photo of a cat."] },
    log: () => {},
  });
  return packDir;
}
