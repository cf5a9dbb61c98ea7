// Zero-shot top-1 and top-5 on the validation pictures: the committed int8 pack, and the same checkpoint in fp32.
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMagick } from "../src/build/calibrate.ts";
import { openCheckpoint } from "../src/build/checkpoint/checkpoint.ts";
import { fp32 } from "../src/build/compile/fp32.ts";
import { embedPrompts } from "../src/build/labels/embedPrompts.ts";
import { parseSource } from "../src/build/labels/parseSource.ts";
import { openTower } from "../src/build/ort.ts";
import { writeTower } from "../src/build/writeTowers.ts";
import { toPixels } from "../src/core/image/pixels.ts";
import { prompts } from "../src/core/labels/prompts.ts";
import { readManifest } from "../src/core/pack/readManifest.ts";
import { cosines } from "../src/core/score/cosines.ts";
import { meanOfUnit } from "../src/core/score/meanOfUnit.ts";
import { topK } from "../src/core/score/topK.ts";
import { createTokenizer, type Tokenize } from "../src/core/text/tokenizer.ts";
import { readValidation } from "./validation.ts";

const DATA = "../shared/data";
const CHECKPOINT = "training/nano";
const PACK = "models/nano";
const LABELS = "models/labels/everyday.yaml";

interface Example {
  pixels: Uint8Array<ArrayBuffer>;
  label: number;
}

async function score(
  dir: string,
  examples: Example[],
  size: number,
  width: number,
  tokenize: Tokenize,
): Promise<string> {
  const { labels, templates, articles } = parseSource(LABELS, await readFile(LABELS, "utf8"));
  const expanded = labels.map((label) => prompts(label, label.templates ?? templates, { articles }));
  const text = await openTower(dir, "text");
  const embedded = await embedPrompts(text, tokenize, [...new Set(expanded.flat())], width);
  await text.release();
  const bank = new Float32Array(labels.length * width);
  for (const [row, own] of expanded.entries())
    bank.set(meanOfUnit(own.map((prompt) => embedded.get(prompt) ?? [])), row * width);
  const vision = await openTower(dir, "vision");
  let first = 0;
  let five = 0;
  for (const { pixels, label } of examples) {
    const best = topK(cosines(await vision.run(pixels, [1, size, size, 3]), bank), 5);
    if (best[0] === label) first++;
    if (best.includes(label)) five++;
  }
  await vision.release();
  const percent = (count: number) => `${((100 * count) / examples.length).toFixed(2)} %`;
  return `top-1 ${percent(first)}, top-5 ${percent(five)}`;
}

export async function accuracy(): Promise<void> {
  if (!existsSync(DATA)) return console.log(`skipped: there is no ${DATA}`);
  const manifest = readManifest(JSON.parse(await readFile(join(PACK, "pack.json"), "utf8")));
  const { size } = manifest.image;
  const tokenize = createTokenizer(JSON.parse(await readFile(join(PACK, "tokenizer.json"), "utf8")), manifest.text);
  const names = parseSource(LABELS, await readFile(LABELS, "utf8")).labels.map(({ name }) => name);
  const magick = await openMagick();
  const examples: Example[] = [];
  for await (const { bytes, label } of readValidation(DATA)) {
    const index = names.indexOf(label);
    if (index >= 0) examples.push({ pixels: new Uint8Array(toPixels(magick, bytes, { size }).pixels), label: index });
  }
  console.log(`${examples.length} validation pictures, ${names.length} labels`);
  console.log(`int8: ${await score(PACK, examples, size, manifest.embed_dim, tokenize)}`);
  if (!existsSync(CHECKPOINT)) return console.log(`fp32 skipped: there is no ${CHECKPOINT}`);
  const dir = await mkdtemp(join(tmpdir(), "edgeclip-fp32-"));
  const checkpoint = await openCheckpoint(CHECKPOINT);
  for (const tower of ["vision", "text"] as const)
    await writeTower(dir, tower, checkpoint, fp32(), Number.POSITIVE_INFINITY);
  checkpoint.tensors.close();
  console.log(`fp32: ${await score(dir, examples, size, manifest.embed_dim, tokenize)}`);
  await rm(dir, { recursive: true });
}
