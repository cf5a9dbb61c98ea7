// Measures a policy on labelled pictures, `<folder>/<category>/<picture>` and `<folder>/none/<picture>`.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toViews } from "../../core/image/views.ts";
import { readBank } from "../../core/labels/bank.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { readManifest } from "../../core/pack/readManifest.ts";
import { categoryLogits, competitionOfCategories } from "../../core/policy/categoryLogits.ts";
import { type Policy, readPolicy } from "../../core/policy/policy.ts";
import { openMagick } from "../calibrate.ts";
import { filesIn, labelledFolders } from "../labelledFolders.ts";
import { openTower } from "../ort.ts";
import { conceptsHashOf } from "./buildPolicies.ts";
import type { PolicyCalibration } from "./calibration.ts";
import { parsePolicy } from "./parsePolicy.ts";
import { scoreCategory } from "./scoreCategory.ts";

/** Pictures that show nothing of the policy. */
const NONE = "none";
/** Fewer pictures than this say nothing about a category: it stays unjudged. */
const FEWEST = 20;

export interface CalibratePolicyOptions {
  packDir: string;
  policiesDir: string;
  labelsDir: string;
  /** Id of the policy, which `buildPolicies` has built. */
  policy: string;
  picturesDir: string;
  log: (line: string) => void;
}

/** @returns the worst view's log odds of each category */
export type ScorePicture = (bytes: Uint8Array) => Promise<Float64Array>;

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, "utf8"));
}

const readVectors = async (path: string): Promise<ArrayBuffer> => new Uint8Array(await readFile(path)).buffer;

/** Scores pictures as the Workers do, all views of them. */
export async function openPolicy(
  packDir: string,
  id: string,
): Promise<{
  policy: Policy;
  score: ScorePicture;
  release(): Promise<void>;
}> {
  const manifest: Manifest = readManifest(await readJson(join(packDir, "pack.json")));
  const path = join(packDir, "policies", id);
  const policy = readPolicy(await readJson(`${path}.json`), await readVectors(`${path}.bin`), manifest.space);
  const bankPath = join(packDir, "banks", policy.background);
  const background = readBank(await readJson(`${bankPath}.json`), await readVectors(`${bankPath}.bin`), manifest.space);
  const competition = competitionOfCategories(policy, background);
  const magick = await openMagick();
  const vision = await openTower(packDir, "vision");
  const { size } = manifest.image;
  const square = size * size * 3;
  const score: ScorePicture = async (bytes) => {
    const { pixels } = toViews(magick, bytes, manifest.image);
    const worst = new Float64Array(policy.categories.length).fill(Number.NEGATIVE_INFINITY);
    for (let at = 0; at < pixels.length; at += square) {
      const view = await vision.run(new Uint8Array(pixels.subarray(at, at + square)), [1, size, size, 3]);
      const logits = categoryLogits(view, policy, background, competition, manifest);
      for (const [row, logit] of logits.entries()) worst[row] = Math.max(worst[row] ?? logit, logit);
    }
    return worst;
  };
  return { policy, score, release: () => vision.release() };
}

interface Scored {
  logits: Float64Array;
  folder: string;
}

async function readScored({ policy: id, packDir, picturesDir }: CalibratePolicyOptions): Promise<Scored[]> {
  const { policy, score, release } = await openPolicy(packDir, id);
  const known = new Set([NONE, ...policy.categories.map(({ name }) => name)]);
  const scored: Scored[] = [];
  for (const folder of labelledFolders(picturesDir)) {
    if (!known.has(folder)) throw new Error(`${join(picturesDir, folder)}: the policy ${id} has no such category`);
    for (const path of filesIn(picturesDir, folder)) {
      try {
        scored.push({ logits: await score(new Uint8Array(await readFile(path))), folder });
      } catch (cause) {
        throw new Error(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
      }
    }
  }
  await release();
  return scored;
}

/** A picture in the folder of one category counts as not showing the others. */
export async function calibratePolicy(options: CalibratePolicyOptions): Promise<PolicyCalibration> {
  const { policy: id, packDir, policiesDir, labelsDir, log } = options;
  const path = join(policiesDir, `${id}.yaml`);
  const source = parsePolicy(path, await readFile(path, "utf8"));
  const { space } = readManifest(await readJson(join(packDir, "pack.json")));
  const scored = await readScored(options);
  const categories: PolicyCalibration["categories"] = {};
  for (const [row, category] of source.categories.entries()) {
    const { name } = category;
    const truths = Uint8Array.from(scored, ({ folder }) => (folder === name ? 1 : 0));
    const positives = truths.reduce((sum, truth) => sum + truth, 0);
    if (positives < FEWEST || scored.length - positives < FEWEST) {
      log(`${name}: unjudged, ${positives} pictures of it where ${FEWEST} are needed`);
      continue;
    }
    const logits = Float64Array.from(scored, (each) => each.logits[row] ?? 0);
    const fit = scoreCategory({ logits, truths }, category);
    categories[name] = fit;
    const percent = (value: number | null) => (value === null ? "none" : `${(100 * value).toFixed(0)} %`);
    const at = ({ precision, recall }: typeof fit.review) =>
      `precision ${percent(precision)}, recall ${percent(recall)}`;
    log(
      `${name}: ${positives} of ${scored.length} pictures, AUC ${fit.auc.toFixed(3)}; review ${at(fit.review)}; block ${at(fit.block)}`,
    );
  }
  const file: PolicyCalibration = { concepts: await conceptsHashOf(path, id, source, labelsDir), space, categories };
  await writeFile(join(policiesDir, `${id}.calibration.json`), `${JSON.stringify(file, null, 1)}\n`);
  return file;
}
