// Few-shot on the embedded model: 1 to 16 example pictures a label by zero-shot, prototypes, linear adapter and Tip-Adapter.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { openMagick } from "../src/build/calibrate.ts";
import { openTower } from "../src/build/ort.ts";
import { bridged } from "../src/core/fewshot/bridge.ts";
import { chooseSetting, type Method } from "../src/core/fewshot/crossValidate.ts";
import { linearMethod } from "../src/core/fewshot/linearAdapter.ts";
import { mixed, prototype } from "../src/core/fewshot/prototype.ts";
import { randomFrom, shuffled } from "../src/core/fewshot/random.ts";
import { bestOf, type Shots } from "../src/core/fewshot/shots.ts";
import { tipMethod } from "../src/core/fewshot/tipAdapter.ts";
import { toPixels } from "../src/core/image/pixels.ts";
import { type Bank, readBank } from "../src/core/labels/bank.ts";
import { dots } from "../src/core/loss/rows.ts";
import { readManifest } from "../src/core/pack/readManifest.ts";
import { readLabelledPictures } from "./validation.ts";

const DATA = "../shared/data";
const BANK = "models/nano/banks/everyday";
const SOURCES = ["weather", "furniture", "trashnet", "dtd10", "clothing"];
const SHOTS = [1, 2, 4, 8, 16];
/** Pictures a label that draws are made of. */
const POOL = 24;
const DRAWS = 3;
/** Tasks of labels drawn at random, of pictures that the model never saw. */
const TASKS = 20;
const TASK_LABELS = 12;
const UNSEEN_SHOTS = [1, 2, 4];

interface Picture {
  vector: Float32Array;
  label: number;
  source: string;
  validation: boolean;
}

/** A task: labels of the bank by their rows, pictures to learn from and pictures to be judged on. */
interface Task {
  rows: number[];
  seen: Picture[];
  unseen: Picture[];
}

type Scores = Record<string, number>;

async function readAll(bank: Bank, size: number): Promise<Picture[]> {
  const rows = new Map(bank.labels.map(({ name }, row) => [name, row]));
  const counts = new Map<string, number>();
  const wanted = readLabelledPictures(DATA, ({ label, source, validation }) => {
    if (!rows.has(label)) return false;
    if (validation) return true;
    const count = counts.get(`${source} ${label}`) ?? 0;
    counts.set(`${source} ${label}`, count + 1);
    return SOURCES.includes(source) && count < POOL;
  });
  const magick = await openMagick();
  const vision = await openTower("models/nano", "vision");
  const pictures: Picture[] = [];
  for await (const { bytes, label, ...told } of wanted) {
    const pixels = new Uint8Array(toPixels(magick, bytes, { size }).pixels);
    const vector = (await vision.run(pixels, [1, size, size, 3])).slice();
    pictures.push({ vector, label: rows.get(label) ?? -1, ...told });
  }
  await vision.release();
  return pictures;
}

const row = (matrix: Float32Array, at: number, width: number) => matrix.slice(at * width, (at + 1) * width);

/** Accuracy of each way on one task. */
function judge({ rows, seen, unseen }: Task, bank: Bank, scale: number): Scores {
  const width = bank.embed_dim;
  const texts = rows.map((at) => row(bank.vectors, at, width));
  const flat = (vectors: readonly Float32Array[]) => Float64Array.from(vectors.flatMap((vector) => [...vector]));
  const shotsOf = (pictures: readonly Picture[]): Shots => {
    const vectors = flat(pictures.map(({ vector }) => vector));
    const labels = pictures.map(({ label }) => rows.indexOf(label));
    return { width, vectors, labels, cosines: dots(vectors, flat(texts), width) };
  };
  const [train, test] = [shotsOf(seen), shotsOf(unseen)];
  const share = (labels: readonly number[]) =>
    labels.filter((label, at) => label === test.labels[at]).length / test.labels.length;
  const by = (classes: readonly Float32Array[]) => share(bestOf(dots(test.vectors, flat(classes), width), rows.length));
  const learned = <S extends object, M>(method: Method<S, M>) =>
    share(method.predict(method.fit(train, chooseSetting(method, train)), test));

  const own = rows.map((label) => seen.filter((picture) => picture.label === label).map(({ vector }) => vector));
  const prototypes = own.map(prototype);
  // The labels' own texts are kept out, as if the vocabulary had no words for them.
  const memory = Float32Array.from(
    bank.labels.flatMap((_, at) => (rows.includes(at) ? [] : [...row(bank.vectors, at, width)])),
  );
  /** Every other label by picture, the rest by text; then the other way round. */
  const half = (visual: (label: number) => Float32Array) =>
    mean([0, 1].map((odd) => by(texts.map((text, label) => (label % 2 === odd ? visual(label) : text)))));
  const shown = (label: number) => prototypes[label] ?? new Float32Array(width);
  return {
    "zero-shot": share(bestOf(test.cosines, rows.length)),
    prototypes: by(prototypes),
    "prototypes and texts": by(texts.map((text, label) => mixed(shown(label), text, own[label]?.length ?? 0))),
    linear: learned(linearMethod({ texts: flat(texts), scale }, "multi-positive")),
    tip: learned(tipMethod(scale)),
    "half by picture, as they are": half(shown),
    "half by picture, bridged": half((label) => bridged(shown(label), memory, scale)),
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function print(name: string, scores: readonly Scores[]): void {
  const ways = Object.keys(scores[0] ?? {}).map((way) => {
    const share = mean(scores.map((each) => each[way] ?? 0));
    return `${way} ${(100 * share).toFixed(1)}`;
  });
  console.log(`${name}: ${ways.join(", ")}`);
}

function bySource(source: string, pictures: readonly Picture[], bank: Bank, scale: number, shots: number): Scores {
  const own = pictures.filter((picture) => picture.source === source);
  const rows = [...new Set(own.map(({ label }) => label))];
  const scores = Array.from({ length: DRAWS }, (_, draw) => {
    const random = randomFrom(draw);
    const seen = rows.flatMap((label) =>
      shuffled(
        own.filter((picture) => !picture.validation && picture.label === label),
        random,
      ).slice(0, shots),
    );
    return judge({ rows, seen, unseen: own.filter(({ validation }) => validation) }, bank, scale);
  });
  return averaged(scores);
}

const averaged = (scores: readonly Scores[]): Scores =>
  Object.fromEntries(Object.keys(scores[0] ?? {}).map((way) => [way, mean(scores.map((each) => each[way] ?? 0))]));

/** Tasks of validation pictures alone. */
function unseenTasks(pictures: readonly Picture[], shots: number): Task[] {
  const groups = [
    ...Map.groupBy(
      pictures.filter(({ validation }) => validation),
      ({ label }) => label,
    ),
  ];
  const enough = groups.filter(([, own]) => own.length >= shots + 2);
  return Array.from({ length: TASKS }, (_, task) => {
    const random = randomFrom(100 + task);
    const drawn = shuffled(enough, random)
      .slice(0, TASK_LABELS)
      .map(([label, own]) => ({ label, own: shuffled(own, random) }));
    return {
      rows: drawn.map(({ label }) => label),
      seen: drawn.flatMap(({ own }) => own.slice(0, shots)),
      unseen: drawn.flatMap(({ own }) => own.slice(shots)),
    };
  });
}

export async function fewShot(): Promise<void> {
  if (!existsSync(DATA)) return console.log(`skipped: there is no ${DATA}`);
  const manifest = readManifest(JSON.parse(await readFile("models/nano/pack.json", "utf8")));
  const document: unknown = JSON.parse(await readFile(`${BANK}.json`, "utf8"));
  const bank = readBank(document, new Uint8Array(await readFile(`${BANK}.bin`)).buffer, manifest.space);
  const { logit_scale: scale, image } = manifest;
  const pictures = await readAll(bank, image.size);
  console.log(`top-1 in percent; ${TASKS} tasks of ${TASK_LABELS} labels, all of validation pictures:`);
  for (const shots of UNSEEN_SHOTS)
    print(
      `  ${shots} a label`,
      unseenTasks(pictures, shots).map((task) => judge(task, bank, scale)),
    );
  const judged = pictures.filter(({ source, validation }) => validation && SOURCES.includes(source)).length;
  console.log(
    `means of ${SOURCES.join(", ")}, ${DRAWS} draws: pictures that nano was trained on, judged on ${judged} of validation:`,
  );
  for (const shots of SHOTS) {
    const scores = SOURCES.map((source) => bySource(source, pictures, bank, scale, shots));
    print(`  ${shots} a label`, scores);
    for (const [at, source] of SOURCES.entries()) print(`    ${source}`, scores.slice(at, at + 1));
  }
}
