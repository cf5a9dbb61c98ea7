// Teaches a bank from labelled pictures, `<folder>/<label>/<picture>`, and keeps it only where it is really better.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AdapterLoss } from "../../core/fewshot/adapterLoss.ts";
import { chooseSetting, crossValidate, type Method } from "../../core/fewshot/crossValidate.ts";
import { linearMethod } from "../../core/fewshot/linearAdapter.ts";
import { mcnemar } from "../../core/fewshot/mcnemar.ts";
import { bestOf, type Shots } from "../../core/fewshot/shots.ts";
import { tipMethod } from "../../core/fewshot/tipAdapter.ts";
import type { Adapted } from "../../core/labels/adapted.ts";
import type { Bank } from "../../core/labels/bank.ts";
import { dots } from "../../core/loss/rows.ts";
import { readManifest } from "../../core/pack/readManifest.ts";
import type { AdapterFile } from "./adapter.ts";
import { labelsHash } from "./calibration.ts";
import { imagesOf, openBank } from "./openBank.ts";
import { type Labelled, readLabelled } from "./readLabelled.ts";

/** An adapter is kept where chance alone gives such a gain more rarely than this. */
const SIGNIFICANCE = 0.05;

export interface AdaptOptions {
  packDir: string;
  labelsDir: string;
  /** Id of the bank. */
  bank: string;
  /** A folder with one folder a label, named as the label is. */
  picturesDir: string;
  method: "linear" | "tip";
  /** Of the linear adapter. */
  loss: AdapterLoss;
  log: (line: string) => void;
}

function shotsOf(labelled: readonly Labelled[], { vectors: texts, embed_dim: width }: Bank): Shots {
  const vectors = new Float64Array(labelled.length * width);
  for (const [row, { vector }] of labelled.entries()) vectors.set(vector, row * width);
  const labels = labelled.map(({ row }) => row);
  return { width, vectors, labels, cosines: dots(vectors, Float64Array.from(texts), width) };
}

/** What is the same for every method. */
type Told = Omit<Extract<Adapted, { method: "linear" }>, "method" | "loss" | "pull" | "rows">;

const round = (value: number) => Number(value.toPrecision(6));

function judge<S extends object, M>(method: Method<S, M>, shots: Shots): Told {
  const { predictions, folds } = crossValidate(method, shots);
  const right = (labels: readonly number[]) => labels.map((label, at) => label === shots.labels[at]);
  const [before, after] = [
    right(bestOf(shots.cosines, shots.cosines.length / shots.labels.length)),
    right(predictions),
  ];
  const share = (list: readonly boolean[]) => round(list.filter(Boolean).length / list.length);
  const only = (a: readonly boolean[], b: readonly boolean[]) => a.filter((is, at) => is && !b[at]).length;
  return {
    pictures: shots.labels.length,
    folds,
    accuracy_before: share(before),
    accuracy_after: share(after),
    p: round(mcnemar(only(before, after), only(after, before))),
  };
}

/** @returns what cross-validation says, and the fit on all pictures where that is worth keeping */
function learn(
  { method, loss }: AdaptOptions,
  shots: Shots,
  texts: Float64Array,
  scale: number,
): { told: Told; fit: () => { adapted: Adapted; vectors: Float64Array } } {
  if (method === "tip") {
    const tip = tipMethod(scale);
    const told = judge(tip, shots);
    const fit = () => {
      const { cached, alpha, beta } = tip.fit(shots, chooseSetting(tip, shots));
      return { adapted: { method, alpha, beta, ...told, rows: [...cached.labels] }, vectors: cached.vectors };
    };
    return { told, fit };
  }
  const linear = linearMethod({ texts, scale }, loss);
  const told = judge(linear, shots);
  const fit = () => {
    const setting = chooseSetting(linear, shots);
    const { rows, vectors } = linear.fit(shots, setting);
    return { adapted: { method, ...setting, ...told, rows }, vectors };
  };
  return { told, fit };
}

/** Little-endian fp32. */
function base64(vectors: Float64Array): string {
  const view = new DataView(new ArrayBuffer(vectors.length * 4));
  for (const [i, value] of vectors.entries()) view.setFloat32(i * 4, value, true);
  return Buffer.from(view.buffer).toString("base64");
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** @returns the file that was written, or undefined where zero-shot stays */
export async function adaptBank(options: AdaptOptions): Promise<AdapterFile | undefined> {
  const { packDir, labelsDir, picturesDir, method, loss, log } = options;
  const manifest = readManifest(JSON.parse(await readFile(join(packDir, "pack.json"), "utf8")));
  const bank = await openBank(packDir, options.bank, manifest);
  const path = join(labelsDir, `${bank.id}.adapter.json`);
  const shots = shotsOf(await readLabelled(packDir, picturesDir, bank, manifest), bank);
  const counts = Map.groupBy(shots.labels, (row) => row);
  if (counts.size < 2) throw new Error(`${picturesDir}: an adapter needs pictures of two labels or more`);
  for (const [row, own] of counts)
    if (own.length < 2)
      throw new Error(
        `${join(picturesDir, bank.labels[row]?.name ?? "")}: one picture: two or more are needed to judge by`,
      );

  const { told, fit } = learn(options, shots, Float64Array.from(bank.vectors), manifest.logit_scale);
  const { pictures, folds, accuracy_before: before, accuracy_after: after, p } = told;
  log(
    `${bank.id}: ${pictures} pictures of ${counts.size} labels, in ${folds}-fold cross-validation: zero-shot ${percent(before)}, ${method === "linear" ? `linear (${loss})` : method} ${percent(after)}, p = ${p.toPrecision(2)}`,
  );
  if (!(after > before && p < SIGNIFICANCE)) {
    const why = after > before ? `chance alone may explain the gain (p >= ${SIGNIFICANCE})` : "there is no gain";
    await rm(path, { force: true });
    log(`${bank.id}: zero-shot stays: ${why}`);
    return undefined;
  }
  const { adapted, vectors } = fit();
  const file: AdapterFile = {
    labels: await labelsHash(await readFile(join(labelsDir, `${bank.id}.yaml`), "utf8"), imagesOf(bank)),
    space: bank.space,
    adapted,
    vectors: base64(vectors),
  };
  await writeFile(path, `${JSON.stringify(file)}\n`);
  log(`${bank.id}: kept in ${path}; classify uses it from the next deploy on`);
  return file;
}
