// Turns models/labels/*.yaml into the banks of a pack, and leaves alone what has not changed.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as v from "valibot";
import { sha256 } from "../../core/hash.ts";
import { BankSchema, rowsOf } from "../../core/labels/bank.ts";
import { prompts } from "../../core/labels/prompts.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { readManifest } from "../../core/pack/readManifest.ts";
import { createTokenizer } from "../../core/text/tokenizer.ts";
import { type AdapterFile, readAdapter, withAdapter } from "./adapter.ts";
import { type CalibrationFile, calibrated, labelsHash, readCalibration } from "./calibration.ts";
import { embedImages, type VisionTower } from "./embedImages.ts";
import type { TextTower } from "./embedPrompts.ts";
import { type Examples, makeBank } from "./makeBank.ts";
import { parseSource } from "./parseSource.ts";
import { type LabelImage, readImages } from "./readImages.ts";
import type { Source } from "./schema.ts";

/** Raise it when the same labels and pack would give another bank. */
const TOOL_VERSION = 2;
/** The vocabulary that example pictures are bridged by, where the bank names no background. */
const DEFAULT_BACKGROUND = "everyday";
const ID = /^[a-z0-9][a-z0-9._-]*$/;

export interface BuildBanksOptions {
  /** With pack.json, the text tower and tokenizer.json. */
  packDir: string;
  /** With `<id>.yaml`, one a bank. */
  labelsDir: string;
  /** `<packDir>/banks` unless told. */
  outDir?: string;
  openText: (packDir: string) => Promise<TextTower>;
  /** Asked for only where labels have example pictures. */
  openVision: (packDir: string) => Promise<VisionTower>;
  /** Told one line a bank. */
  log?: (line: string) => void;
}

export interface BuiltBank {
  id: string;
  count: number;
  hash: string;
  skipped: boolean;
}

export async function buildBanks(options: BuildBanksOptions): Promise<BuiltBank[]> {
  const { packDir, labelsDir, outDir = join(packDir, "banks"), openText, openVision, log = () => {} } = options;
  const manifest = readManifest(await readJson(join(packDir, "pack.json")));
  const sources = await readSources(labelsDir);
  for (const { id, source } of sources) {
    if (source.background && !sources.some((other) => other.id === source.background)) {
      throw new Error(`${join(labelsDir, `${id}.yaml`)}: background: there is no ${source.background}.yaml`);
    }
  }
  await mkdir(outDir, { recursive: true });
  await removeStale(outDir, new Set(sources.map(({ id }) => id)), log);

  const [text, vision] = [once(() => openText(packDir)), once(() => openVision(packDir))];
  const tokenizer = once(async () =>
    createTokenizer(await readJson(join(packDir, manifest.text.tokenizer)), manifest.text),
  );

  const built: BuiltBank[] = [];
  for (const { id, yaml, source, images } of sources) {
    const memory = sources.find((other) => other.id === (source.background ?? DEFAULT_BACKGROUND)) ?? { yaml, source };
    const calibration = await readCalibration(join(labelsDir, `${id}.calibration.json`));
    const adapter = await readAdapter(join(labelsDir, `${id}.adapter.json`));
    const hashes = [...images.values()].flat().map(({ hash }) => hash);
    const shown = images.size > 0 ? [hashes, memory.yaml] : null;
    const from = await builtFrom(id, yaml, manifest, calibration, [shown, adapter]);
    const json = join(outDir, `${id}.json`);
    const bin = join(outDir, `${id}.bin`);
    const present = await upToDate(json, bin, from);
    if (present) {
      built.push({ id, ...present, skipped: true });
      log(`${id}: ${present.count} labels, unchanged`);
      continue;
    }
    const examples = images.size > 0 ? await examplesOf(images, await vision(), memory.source, manifest) : undefined;
    const made = await makeBank(id, source, manifest, await tokenizer(), await text(), examples);
    for (const prompt of made.truncated) log(`${id}: warning: does not fit ${manifest.text.context} tokens: ${prompt}`);
    const labels = await labelsHash(yaml, hashes);
    const told = (line: string) => log(`${id}: ${line}`);
    const { file, vectors } = await withAdapter(made, labels, adapter, told);
    // The document last: it is what says that the vectors are there.
    await rm(json, { force: true });
    await writeFile(bin, vectors);
    const applied = calibrated(file, labels, calibration, told);
    await writeFile(json, `${JSON.stringify({ ...applied, built_from: from }, null, 1)}\n`);
    built.push({ id, count: file.count, hash: file.hash, skipped: false });
    log(`${id}: ${file.count} labels embedded, ${vectors.byteLength} bytes, ${file.hash.slice(0, 15)}`);
  }
  return built;
}

/** What is asked for again is not made again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function examplesOf(
  images: ReadonlyMap<number, LabelImage[]>,
  tower: VisionTower,
  { labels, templates, articles }: Source,
  manifest: Manifest,
): Promise<Examples> {
  const pictures = new Map<number, { vector: Float32Array; hash: string }[]>();
  for (const [row, own] of images) {
    const vectors = await embedImages(tower, own, manifest.image);
    pictures.set(
      row,
      own.map(({ hash }, at) => ({ vector: vectors[at] ?? new Float32Array(), hash })),
    );
  }
  const memory = labels
    .map((label) => prompts(label, label.templates ?? templates, { articles }))
    .filter((own) => own.length > 0);
  return { pictures, memory, scale: manifest.logit_scale };
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path}: not JSON`, { cause });
  }
}

/** Every file is read before the first bank is built, so that a mistake in the last one costs no waiting. */
async function readSources(labelsDir: string) {
  const names = (await readdir(labelsDir)).filter((name) => name.endsWith(".yaml")).sort();
  if (names.length === 0) throw new Error(`${labelsDir}: no label files (*.yaml)`);
  return Promise.all(
    names.map(async (name) => {
      const id = basename(name, ".yaml");
      const path = join(labelsDir, name);
      if (!ID.test(id)) throw new Error(`${path}: a bank is called after its file: lower case, digits, ".", "_", "-"`);
      const yaml = await readFile(path, "utf8");
      const source = parseSource(path, yaml);
      return { id, yaml, source, images: await readImages(path, source) };
    }),
  );
}

const builtFrom = (
  id: string,
  yaml: string,
  { pack, space }: Manifest,
  calibration: CalibrationFile | undefined,
  others: readonly [shown: unknown, adapter: AdapterFile | undefined],
): Promise<string> =>
  sha256(
    new TextEncoder().encode(JSON.stringify([TOOL_VERSION, id, pack, space, yaml, calibration ?? null, ...others])),
  );

async function upToDate(json: string, bin: string, from: string): Promise<{ count: number; hash: string } | undefined> {
  const files = await Promise.all([readFile(json, "utf8"), readFile(bin)]).catch(() => undefined);
  if (!files) return undefined; // not built yet
  const [text, vectors] = files;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), BankSchema), text);
  if (!parsed.success || parsed.output.built_from !== from) return undefined;
  const { count, hash, embed_dim } = parsed.output;
  return vectors.byteLength === rowsOf(parsed.output) * embed_dim * 4 ? { count, hash } : undefined;
}

/** A bank whose labels were deleted must not be shipped. */
async function removeStale(outDir: string, ids: Set<string>, log: (line: string) => void): Promise<void> {
  for (const name of await readdir(outDir)) {
    const id = name.replace(/\.(?:json|bin)$/, "");
    if (id === name || ids.has(id)) continue;
    await rm(join(outDir, name));
    if (name.endsWith(".json")) log(`${id}: removed, its labels are gone`);
  }
}
