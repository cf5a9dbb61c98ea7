// Fits a bank's calibration on labelled pictures: `<folder>/<label>/<picture>`.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bank } from "../../core/labels/bank.ts";
import { competitionOf } from "../../core/labels/competition.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { readManifest } from "../../core/pack/readManifest.ts";
import { calibrationError } from "../../core/score/calibrationError.ts";
import { labelLogits } from "../../core/score/labelLogits.ts";
import { calibrate, fitPlatt, IDENTITY, type Platt } from "../../core/score/platt.ts";
import type { Competition } from "../../core/score/tagLogits.ts";
import { type CalibrationFile, labelsHash } from "./calibration.ts";
import { imagesOf, openBank } from "./openBank.ts";
import { readLabelled } from "./readLabelled.ts";

export interface CalibrateOptions {
  packDir: string;
  labelsDir: string;
  /** Id of the bank. */
  bank: string;
  /** A folder with one folder a label, named as the label is. */
  picturesDir: string;
  log: (line: string) => void;
}

/** Log odds of every label for one picture, and the row of the right one. */
interface Example {
  logits: Float64Array;
  truth: number;
}

const NOTHING: Competition = { kin: [], negatives: undefined };

/** Every label of every picture is one outcome. */
function pairsOf(examples: readonly Example[]): { logits: Float64Array; truths: Uint8Array } {
  const width = examples[0]?.logits.length ?? 0;
  const logits = new Float64Array(examples.length * width);
  const truths = new Uint8Array(logits.length);
  for (const [at, example] of examples.entries()) {
    logits.set(example.logits, at * width);
    truths[at * width + example.truth] = 1;
  }
  return { logits, truths };
}

/** Expected calibration error of the best tag of each picture. */
function errorOfBest(examples: readonly Example[], platt: Platt): number {
  const best = examples.map(({ logits }) =>
    logits.reduce((top, logit, row) => (logit > (logits[top] ?? 0) ? row : top), 0),
  );
  const probabilities = Float64Array.from(examples, ({ logits }, at) => calibrate(logits[best[at] ?? 0] ?? 0, platt));
  const truths = Uint8Array.from(examples, ({ truth }, at) => (truth === best[at] ? 1 : 0));
  return calibrationError(probabilities, truths);
}

async function readExamples(
  bank: Bank,
  background: Bank,
  manifest: Manifest,
  options: CalibrateOptions,
): Promise<Example[]> {
  const competition = competitionOf(bank, background);
  const rival = (row: number) => competition[row] ?? NOTHING;
  return (await readLabelled(options.packDir, options.picturesDir, bank, manifest)).map(({ vector, row }) => ({
    logits: labelLogits(vector, bank.vectors, background.vectors, rival, manifest),
    truth: row,
  }));
}

/** Fits on all pictures; the error is that of a fit on every other one, measured on the rest. */
export async function calibrateBank(options: CalibrateOptions): Promise<CalibrationFile> {
  const { packDir, labelsDir, log } = options;
  const manifest = readManifest(JSON.parse(await readFile(join(packDir, "pack.json"), "utf8")));
  const bank = await openBank(packDir, options.bank, manifest);
  const background = bank.background ? await openBank(packDir, bank.background, manifest) : bank;
  const examples = await readExamples(bank, background, manifest, options);
  const [seen, unseen] = [examples.filter((_, at) => at % 2 === 0), examples.filter((_, at) => at % 2 === 1)];
  const trial = pairsOf(seen);
  const half = fitPlatt(trial.logits, trial.truths);
  const all = pairsOf(examples);
  const { slope, intercept } = fitPlatt(all.logits, all.truths);
  const round = (value: number) => Number(value.toFixed(6));
  const file: CalibrationFile = {
    labels: await labelsHash(await readFile(join(labelsDir, `${bank.id}.yaml`), "utf8"), imagesOf(bank)),
    space: bank.space,
    slope: round(slope),
    intercept: round(intercept),
    pictures: examples.length,
    ece_before: round(errorOfBest(unseen, IDENTITY)),
    ece_after: round(errorOfBest(unseen, half)),
  };
  await writeFile(join(labelsDir, `${bank.id}.calibration.json`), `${JSON.stringify(file, null, 1)}\n`);
  log(
    `${bank.id}: fitted on ${file.pictures} pictures; calibration error of the best tag ${file.ece_before} -> ${file.ece_after}`,
  );
  return file;
}
