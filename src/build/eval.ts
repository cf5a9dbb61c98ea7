// `npm run eval -- <data>`: how well packs do on your own pictures.
import { basename, join } from "node:path";
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import type { TowerName } from "../core/pack/manifest.ts";
import { openMagick } from "./calibrate.ts";
import { limited, readDataset } from "./eval/dataset/readDataset.ts";
import type { Sample } from "./eval/dataset/sample.ts";
import { type Engine, openEngine, openRemote } from "./eval/engine.ts";
import { type Classes, classesOfData, classesOfFile, readTemplates } from "./eval/labels.ts";
import { measure } from "./eval/measure.ts";
import { readNames } from "./eval/names.ts";
import { makeReport, reportLines } from "./eval/report.ts";
import { writeReport } from "./eval/writeReport.ts";
import { packDirs } from "./models/packDir.ts";
import { isPackId } from "./models/packId.ts";
import { Progress } from "./terminal/progress.ts";

const USAGE = `npm run eval -- <data>

  <data>         a folder with a folder a class; webdataset .tar (or a folder of them); or NDJSON, a line a picture:
                 {"image": "a.jpg", "label": "cat", "captions": ["a cat"]}
  --pack         a pack's name or folder (nano), repeated to put several side by side; a name means all packs of it,
                 int8 and fp32
  --labels       a label file, or the name of one in models/labels: all its labels compete (the data's own labels)
  --templates    a file with a template a line, {} for the label ("a photo of a {}.")
  --names        what the data's labels are called: JSON {"n01440764": "tench"} or a list, or text with a name a line
  --task         zero-shot, retrieval or all (all that the data has labels and captions for)
  --captions     captions of a picture that count (5)
  --limit        so many pictures at most, spread over the data
  --out          where report.json and report.html go (.edgeclip/eval/<data>)
  --json         prints the report instead of tables
  --url          a server of the Open Inference Protocol beside the packs, of the first one's model; BACKEND_KEY is its key
  --remote-only  that server alone
  --models       what it calls the towers (vision,text)
  --batch        pictures that are sent to it at once (16)`;

const OPTIONS = {
  pack: { type: "string", multiple: true, default: ["nano"] },
  labels: { type: "string" },
  templates: { type: "string" },
  names: { type: "string" },
  task: { type: "string", default: "all" },
  captions: { type: "string", default: "5" },
  limit: { type: "string" },
  out: { type: "string" },
  json: { type: "boolean", default: false },
  url: { type: "string" },
  "remote-only": { type: "boolean", default: false },
  models: { type: "string", default: "vision,text" },
  batch: { type: "string", default: "16" },
  help: { type: "boolean", default: false },
} satisfies ParseArgsOptionsConfig;

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`--${name} is 1 to ${most}, not ${text}`);
  return value;
}

function dirsOf(packs: readonly string[]): string[] {
  return packs.flatMap((pack) => {
    const dirs = packDirs(pack);
    if (dirs.length === 0) throw new Error(`--pack: there is no pack ${pack} here`);
    return dirs;
  });
}

interface EngineOptions {
  dirs: readonly string[];
  url: string | undefined;
  remoteOnly: boolean;
  models: string;
  batch: number;
}

async function openEngines({ dirs, url, remoteOnly, models, batch }: EngineOptions): Promise<Engine[]> {
  if (remoteOnly && url === undefined) throw new Error("--remote-only needs --url");
  const engines: Engine[] = [];
  if (!remoteOnly) for (const dir of dirs) engines.push(await openEngine(dir));
  const [packDir] = dirs;
  if (url === undefined || packDir === undefined) return engines;
  if (!URL.canParse(url)) throw new Error(`--url: ${url} is no address`);
  const [vision, text, ...more] = models.split(",");
  if (!vision || !text || more.length > 0) throw new Error(`--models is two names with a comma, not ${models}`);
  const names: Record<TowerName, string> = { vision, text };
  engines.push(
    await openRemote({ packDir, models: names, batch, url, key: process.env.BACKEND_KEY, timeoutMs: 120_000 }),
  );
  return engines;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS });
  if (values.help) return console.log(USAGE);
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) throw new Error(USAGE);
  const { task } = values;
  if (task !== "all" && task !== "zero-shot" && task !== "retrieval")
    throw new Error(`--task is zero-shot, retrieval or all, not ${task}`);
  const limit = values.limit === undefined ? Number.POSITIVE_INFINITY : whole("limit", values.limit, 1e9);
  const captions = whole("captions", values.captions, 100);

  const name = values.names === undefined ? (label: string) => label : await readNames(values.names);
  const samples = limited(await readDataset(path), limit).map(
    (sample): Sample => ({ ...sample, label: sample.label === undefined ? undefined : name(sample.label) }),
  );
  const labelled = samples.filter(({ label }) => label !== undefined).length;
  const captioned = samples.filter((sample) => sample.captions.length > 0).length;
  if (task === "zero-shot" && labelled === 0) throw new Error(`${path}: no picture has a label`);
  if (task === "retrieval" && captioned === 0) throw new Error(`${path}: no picture has a caption`);
  if (labelled + captioned === 0) throw new Error(`${path}: no picture has a label or a caption`);

  const codes = samples.every(({ label }) => label === undefined || /^(?:\d+|n\d{8})$/.test(label));
  if (task !== "retrieval" && labelled > 0 && codes)
    throw new Error(`${path}: its labels are only numbers or codes; --names says what they are called`);

  const templates = values.templates === undefined ? undefined : await readTemplates(values.templates);
  const file = values.labels && isPackId(values.labels) ? `models/labels/${values.labels}.yaml` : values.labels;
  let classes: Classes | undefined;
  if (task !== "retrieval" && labelled > 0)
    classes = file === undefined ? classesOfData(samples, templates) : await classesOfFile(file, templates);
  const unknown = new Set(
    samples.flatMap(({ label }) => (label && classes?.rowOf(label) === undefined ? [label] : [])),
  );

  const engines = await openEngines({
    dirs: dirsOf(values.pack),
    url: values.url,
    remoteOnly: values["remote-only"],
    models: values.models,
    batch: whole("batch", values.batch, 64),
  });
  const magick = await openMagick();
  const say = (amount: number) => amount.toFixed(amount > 0 && amount < 10 && !Number.isInteger(amount) ? 1 : 0);
  let progress: Progress | undefined;
  const { measured, unreadable } = await measure(samples, engines, {
    magick,
    classes,
    captions: task === "zero-shot" ? 0 : captions,
    begin(label, total) {
      progress?.end();
      progress = new Progress({ label, total, say, screen: process.stderr });
    },
    advance: (steps) => progress?.add(steps),
  }).finally(() => progress?.end());
  if (unreadable.length === samples.length)
    throw new Error(`No picture could be read, the first ${unreadable[0]?.name}: ${unreadable[0]?.reason}`);

  const report = makeReport({
    data: { path, pictures: samples.length, labelled, captioned, unknown_labels: classes ? [...unknown] : [] },
    unreadable,
    classes: classes && { ...classes, source: file ?? "labels of the data" },
    measured,
    nameOf: (at) => samples[at]?.name ?? "?",
  });
  const out = values.out ?? join(".edgeclip/eval", basename(path).replace(/\.\w+$/, ""));
  await writeReport(out, report, samples, magick, engines[0]?.manifest.image.size ?? 224);
  await Promise.all(engines.map((engine) => engine.release()));
  if (values.json) return console.log(JSON.stringify(report, null, 1));
  for (const line of reportLines(report)) console.log(line);
  console.log(`\n${join(out, "report.html")} shows the worst mistakes; report.json beside it has every figure.`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
