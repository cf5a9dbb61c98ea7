// An import whose towers are opened whole: held against the export, measured, and brought back into the drift budget.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isInteger, type Manifest } from "../../core/pack/manifest.ts";
import { fp32 } from "../compile/fp32.ts";
import type { Precision } from "../compile/precision.ts";
import { type Drift, type Input, withinBudget } from "../drift.ts";
import type { TowerName } from "../ort.ts";
import type { Divided } from "../quantize/adjustable.ts";
import { FINER_SHARE, holdDrift } from "../quantize/holdDrift.ts";
import { smoothed } from "../quantize/smoothed.ts";
import { driftOf, vectorsOf } from "../vectorsOf.ts";
import { finishPack } from "../writePack.ts";
import { holdToSource, padsMatter } from "./holdToSource.ts";
import { type Both, describeImport, type ImportJob, pictureInputs, precisionOf, textInputs } from "./importJob.ts";
import type { Imported } from "./importOptions.ts";
import { ofImport } from "./ofImport.ts";
import { writeBoth } from "./writeBoth.ts";

const TOWERS: readonly TowerName[] = ["vision", "text"];
const SIDES = { vision: "image", text: "text" } as const;

export async function importWhole(job: ImportJob): Promise<Imported> {
  const { source, options, tokenizer, probes, short } = job;
  const { quantization, outDir, fp32Dir, log } = options;
  const exact = quantization === "fp32" ? outDir : fp32Dir;
  const names = await writeBoth(job, exact, () => fp32(), "fp32");
  const encode = async (input: Input) => (await vectorsOf("text", exact, [input]))[0];
  const padded = source.kind === "siglip" || (await padsMatter(probes.text, short, encode));
  log(await holdToSource(source, exact, { image: probes.image, text: padded ? probes.text : short }));

  const [vector] = await vectorsOf("vision", exact, [probes.image]);
  const description = describeImport(job, padded, vector);
  const asFp32 = await finishPack(names, { tokenizer }, { dir: exact, description, quantization: "fp32" });
  if (quantization === "fp32") return { manifest: asFp32 };

  const write = async (precision: (tower: TowerName) => Precision, adjusted?: Manifest["adjusted"]) => {
    const files = await writeBoth(job, outDir, precision);
    const told = { ...description, ...(adjusted && { adjusted }) };
    return finishPack(files, { tokenizer }, { dir: outDir, description: told, quantization });
  };
  let manifest = await write(() => precisionOf(quantization));
  const inputs: Both<Input[]> = { image: pictureInputs(job), text: textInputs(job, description.text) };
  const measure = async (): Promise<Both<Drift>> => ({
    image: await driftOf("vision", fp32Dir, outDir, inputs.image),
    text: await driftOf("text", fp32Dir, outDir, inputs.text),
  });
  let drift = await measure();
  if (isInteger(quantization) && !(withinBudget(drift.image) && withinBudget(drift.text))) {
    log("past the drift budget: moving outliers, then keeping the most sensitive layers finer");
    const { precision, adjusted } = await hold(job, drift, inputs);
    if (adjusted.migrated.length + adjusted.finer.length > 0) {
      manifest = await write(precision, adjusted);
      drift = await measure();
    }
  }
  await writeFile(join(outDir, "drift.json"), `${JSON.stringify(drift, null, 1)}\n`);
  return { manifest, drift };
}

/** What brings the towers that are past the budget back, or nearer to it. */
async function hold({ source, image, options }: ImportJob, drift: Both<Drift>, inputs: Both<Input[]>) {
  const { quantization, log } = options;
  const adjusted: NonNullable<Manifest["adjusted"]> = { migrated: [], finer: [] };
  const held = new Map<TowerName, { divided: Divided; finer: ReadonlySet<string> }>();
  const workDir = await mkdtemp(join(tmpdir(), "edgeclip-import-"));
  try {
    for (const tower of TOWERS) {
      if (withinBudget(drift[SIDES[tower]])) continue;
      const own = await holdDrift(ofImport(tower, source[tower], image), {
        inputs: inputs[SIDES[tower]],
        make: (finer) => precisionOf(quantization, finer),
        share: FINER_SHARE[quantization === "int4" ? "int4" : "int8"],
        workDir,
        log,
      });
      held.set(tower, { divided: own.source, finer: new Set(own.finer) });
      if (own.migrated) adjusted.migrated.push(tower);
      // Exporters count their weights, so both towers have the same names.
      adjusted.finer.push(...own.finer.map((name) => `${tower}/${name}`));
    }
  } finally {
    await rm(workDir, { recursive: true });
  }
  const precision = (tower: TowerName): Precision => {
    const own = held.get(tower);
    return own ? smoothed(precisionOf(quantization, own.finer), own.divided) : precisionOf(quantization);
  };
  return { precision, adjusted };
}
