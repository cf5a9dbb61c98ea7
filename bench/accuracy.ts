// Zero-shot top-1 and top-5 on the validation pictures: the committed int8 pack, and the fp32 one that was built with it.
import { existsSync } from "node:fs";
import { openMagick } from "../src/build/calibrate.ts";
import type { Sample } from "../src/build/eval/dataset/sample.ts";
import { type Engine, openEngine } from "../src/build/eval/engine.ts";
import { classesOfFile } from "../src/build/eval/labels.ts";
import { measure } from "../src/build/eval/measure.ts";
import { makeReport, reportLines } from "../src/build/eval/report.ts";
import { packDirs } from "../src/build/models/packDir.ts";
import { readValidation } from "./validation.ts";

const DATA = "../shared/data";
const LABELS = "models/labels/everyday.yaml";

export async function accuracy(): Promise<void> {
  if (!existsSync(DATA)) return console.log(`skipped: there is no ${DATA}`);
  const samples: Sample[] = [];
  for await (const { bytes, label } of readValidation(DATA))
    samples.push({ name: String(samples.length), label, captions: [], read: async () => bytes });
  const classes = await classesOfFile(LABELS, undefined);
  const engines: Engine[] = [];
  for (const dir of packDirs("nano")) engines.push(await openEngine(dir));
  const [first] = engines;
  // A float pack of another training would say nothing of this one.
  const same = engines.filter(({ manifest }) => manifest.space === first?.manifest.space);
  const magick = await openMagick();
  const { measured, unreadable } = await measure(samples, same, {
    magick,
    classes,
    captions: 0,
    begin: () => undefined,
    advance: () => undefined,
  });
  await Promise.all(engines.map((engine) => engine.release()));
  const data = { path: DATA, pictures: samples.length, labelled: samples.length, captioned: 0, unknown_labels: [] };
  const named = { ...classes, source: LABELS };
  for (const line of reportLines(makeReport({ data, unreadable, classes: named, measured, nameOf: String })))
    console.log(line);
  if (same.length < 2)
    console.log("fp32 skipped: there is no .edgeclip/fp32/nano of this space; `models build` makes one");
}
