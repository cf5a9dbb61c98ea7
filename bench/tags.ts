// Tags on the validation pictures: calibration error before and after, and what the default min_score keeps.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { openMagick } from "../src/build/calibrate.ts";
import { openTower } from "../src/build/ort.ts";
import { toPixels } from "../src/core/image/pixels.ts";
import { readBank } from "../src/core/labels/bank.ts";
import { competitionOf } from "../src/core/labels/competition.ts";
import { readManifest } from "../src/core/pack/readManifest.ts";
import { calibrationError } from "../src/core/score/calibrationError.ts";
import { calibrate, IDENTITY } from "../src/core/score/platt.ts";
import { tagLogits } from "../src/core/score/tagLogits.ts";
import { median, timed } from "./median.ts";
import { readValidation } from "./validation.ts";

const DATA = "../shared/data";
const BANK = "models/nano/banks/everyday";
const MIN_SCORE = 0.2;
const MANY = 10_000;

export async function tags(): Promise<void> {
  if (!existsSync(DATA)) return console.log(`skipped: there is no ${DATA}`);
  const manifest = readManifest(JSON.parse(await readFile("models/nano/pack.json", "utf8")));
  const { size } = manifest.image;
  const document: unknown = JSON.parse(await readFile(`${BANK}.json`, "utf8"));
  const bank = readBank(document, new Uint8Array(await readFile(`${BANK}.bin`)).buffer, manifest.space);
  const competition = competitionOf(bank, bank);
  const rivals = (row: number) => competition[row % competition.length] ?? { kin: [], negatives: undefined };
  const names = bank.labels.map(({ name }) => name);
  const magick = await openMagick();
  const vision = await openTower("models/nano", "vision");

  const best: { before: number[]; after: number[]; truths: number[] } = { before: [], after: [], truths: [] };
  let [seen, kept, right, pictures] = [0, 0, 0, 0];
  let image = new Float32Array();
  for await (const { bytes, label } of readValidation(DATA)) {
    const truth = names.indexOf(label);
    // The even ones fitted the calibration (training/labelled_pictures.py).
    if (truth < 0 || seen++ % 2 === 0) continue;
    pictures++;
    image = Float32Array.from(
      await vision.run(new Uint8Array(toPixels(magick, bytes, { size }).pixels), [1, size, size, 3]),
    );
    const logits = tagLogits(image, bank.vectors, bank.vectors, rivals, manifest.logit_scale);
    const scores = logits.map((logit) => calibrate(logit, bank.calibration ?? IDENTITY));
    const top = logits.reduce((found, logit, row) => (logit > (logits[found] ?? 0) ? row : found), 0);
    best.before.push(calibrate(logits[top] ?? 0, IDENTITY));
    best.after.push(scores[top] ?? 0);
    best.truths.push(top === truth ? 1 : 0);
    kept += scores.filter((score) => score >= MIN_SCORE).length;
    if ((scores[truth] ?? 0) >= MIN_SCORE) right++;
  }
  await vision.release();
  const truths = Uint8Array.from(best.truths);
  const [before, after] = [best.before, best.after].map((values) =>
    calibrationError(Float64Array.from(values), truths).toFixed(4),
  );
  console.log(`${pictures} validation pictures: calibration error of the best tag ${before} -> ${after}`);
  console.log(
    `at min_score ${MIN_SCORE}: precision ${((100 * right) / kept).toFixed(1)} %, recall ${((100 * right) / pictures).toFixed(1)} %`,
  );

  const width = manifest.embed_dim;
  const large = Float32Array.from({ length: MANY * width }, (_, at) => bank.vectors[at % bank.vectors.length] ?? 0);
  const runs: number[] = [];
  for (let i = 0; i < 20; i++)
    runs.push(await timed(async () => tagLogits(image, large, bank.vectors, rivals, manifest.logit_scale)));
  console.log(`scoring ${MANY} labels against a background of ${names.length}: ${median(runs).toFixed(1)} ms`);
}
