// An import that is too large to be opened whole, in the memory of its largest stage: measured on a few inputs.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fp32 } from "../compile/fp32.ts";
import type { Precision } from "../compile/precision.ts";
import { compareVectors, type Input } from "../drift.ts";
import { FEW } from "../measureStaged.ts";
import type { TowerName } from "../ort.ts";
import { finishPack } from "../writePack.ts";
import { oneAtATime, padsMatter } from "./holdToSource.ts";
import { describeImport, type ImportJob, pictureInputs, precisionOf, textInputs } from "./importJob.ts";
import type { Imported } from "./importOptions.ts";
import { runImportStages } from "./runImportStages.ts";
import { writeBoth } from "./writeBoth.ts";

export async function importStaged(job: ImportJob): Promise<Imported> {
  const { source, options, image, tokenizer, probes, short } = job;
  const { quantization, outDir, log } = options;
  log("too large to be opened whole: not held against the export, measured stage by stage, on a few inputs");
  for (const { model, input } of [source.vision, source.text])
    if (typeof input.dims[0] === "number") throw new Error(oneAtATime(model.path));
  const workDir = await mkdtemp(join(tmpdir(), "edgeclip-import-"));
  try {
    const isExact = quantization === "fp32";
    const precision = precisionOf(quantization);
    // Before any session: the memory that one took is not given back, and a table of words takes much.
    const names = await writeBoth(job, outDir, () => precision);
    const { stageBytes } = options;
    const stages = { workDir, ...(stageBytes !== undefined && { stageBytes }) };
    const run = (tower: TowerName, precision: Precision, inputs: readonly Input[]) =>
      runImportStages(tower, source[tower], image, precision, inputs, stages);
    const encode = async (input: Input) => (await run("text", fp32(), [input]))[0];
    // A graph of one length takes no other.
    const fixed = typeof source.text.input.dims[1] === "number";
    const padded = source.kind === "siglip" || fixed || (await padsMatter(probes.text, short, encode));

    const few = (tower: TowerName, canary: Input, inputs: readonly Input[]) =>
      isExact ? [canary] : [canary, ...inputs.slice(0, FEW[tower])];
    const both = async (tower: TowerName, inputs: readonly Input[]) => {
      const exact = await run(tower, fp32(), inputs);
      return { exact, own: isExact ? exact : await run(tower, precision, inputs) };
    };
    const vision = await both("vision", few("vision", probes.image, pictureInputs(job)));
    const described = describeImport(job, padded, vision.exact[0]);
    const text = await both("text", few("text", probes.text, textInputs(job, described.text)));

    const [imageVector = new Float32Array()] = vision.own;
    const [textVector = new Float32Array()] = text.own;
    const description = { ...described, ...(!isExact && { drift: "staged" as const }) };
    const canary = { image: imageVector, text: textVector };
    const manifest = await finishPack(names, { tokenizer }, { dir: outDir, description, quantization, canary });
    if (isExact) return { manifest };
    const drift = { image: compareVectors(vision.exact, vision.own), text: compareVectors(text.exact, text.own) };
    await writeFile(join(outDir, "drift.json"), `${JSON.stringify(drift, null, 1)}\n`);
    return { manifest, drift };
  } finally {
    await rm(workDir, { recursive: true });
  }
}
