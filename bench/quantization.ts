// What holds the drift of image vectors: variants of int8 and int4 on nano, and on a Vision Transformer with random weights
// and planted activation outliers. Table: src/build/README.md.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { calibrate, openMagick, readPictures } from "../src/build/calibrate.ts";
import { type Checkpoint, openCheckpoint } from "../src/build/checkpoint/checkpoint.ts";
import { fp32 } from "../src/build/compile/fp32.ts";
import type { Precision } from "../src/build/compile/precision.ts";
import { describe } from "../src/build/describe.ts";
import { compareVectors, withinBudget } from "../src/build/drift.ts";
import { readLabelNames } from "../src/build/labels/readLabelNames.ts";
import { openTower } from "../src/build/ort.ts";
import { type CheckpointSource, ofCheckpoint } from "../src/build/quantize/adjustable.ts";
import { type Calibration, RANGE_KEPT } from "../src/build/quantize/calibration.ts";
import { FINER_SHARE, holdDrift, mostSensitive } from "../src/build/quantize/holdDrift.ts";
import { int4 } from "../src/build/quantize/int4.ts";
import { int8 } from "../src/build/quantize/int8.ts";
import { observeLayers } from "../src/build/quantize/observeLayers.ts";
import { writeTower } from "../src/build/writeTowers.ts";
import { toPixels } from "../src/core/image/pixels.ts";
import { createTokenizer } from "../src/core/text/tokenizer.ts";
import { median, timed } from "./median.ts";
import { plantOutliers, type Site } from "./plantOutliers.ts";
import { writeRandomCheckpoint } from "./randomCheckpoint.ts";
import { readValidation } from "./validation.ts";

const DATA = "../shared/data";
const FIXTURES = "test/fixtures/pictures";
const PICTURES = 64;
const RANKED_ON = 6;
/** Weights past this share of a row's magnitudes are clipped to it. */
const PERCENTILE = 0.999;
const GAIN = 80;
const SITES: readonly Site[] = ["layer norms", "out_proj", "c_proj"];

const PLANTED = {
  embed_dim: 128,
  vision_cfg: { image_size: 96, layers: 6, width: 256, patch_size: 16, head_width: 64 },
  text_cfg: { context_length: 16, vocab_size: 520, width: 64, heads: 2, layers: 1 },
};

const NAMED = {
  id: "bench",
  source: { repo: "local", revision: "unknown", licence: "unknown" },
  demo: false,
  tokens: false,
};

interface Study {
  checkpoint: Checkpoint;
  calibration: Calibration;
  pictures: Uint8Array<ArrayBuffer>[];
  /** Unit vectors of texts, for the best of which a picture stands; none where they mean nothing. */
  labels: Float32Array[];
  dir: string;
  /** Where the fp32 tower lies. */
  exactDir: string;
}

interface Made {
  vectors: Float32Array[];
  bytes: number;
  /** Of fp32's, which answers the same pictures in turn. */
  time: number;
}

const bytesOf = (dir: string): number =>
  readdirSync(dir)
    .filter((name) => name.startsWith("vision."))
    .reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);

async function run(study: Study, source: CheckpointSource, precision: Precision, count = PICTURES): Promise<Made> {
  const { checkpoint, pictures, dir, exactDir } = study;
  const { size } = checkpoint.model.vision;
  for (const name of readdirSync(dir)) if (/^vision\./.test(name)) rmSync(join(dir, name));
  await ofCheckpoint(checkpoint, "vision").write(dir, source, precision);
  const [exact, tower] = [await openTower(exactDir, "vision"), await openTower(dir, "vision")];
  const vectors: Float32Array[] = [];
  const times: Record<"exact" | "own", number[]> = { exact: [], own: [] };
  for (const pixels of pictures.slice(0, count)) {
    times.exact.push(await timed(async () => void (await exact.run(pixels, [1, size, size, 3]))));
    times.own.push(await timed(async () => void vectors.push(await tower.run(pixels, [1, size, size, 3]))));
  }
  await tower.release();
  await exact.release();
  return { vectors, bytes: bytesOf(dir), time: median(times.own) / median(times.exact) };
}

/** Every row's outliers are clipped before it is quantized. */
function clipped(precision: Precision): Precision {
  const clip = (weight: Float32Array<ArrayBuffer>, rows: number) => {
    const width = weight.length / rows;
    const kept = weight.slice();
    for (let row = 0; row < rows; row++) {
      const own = kept.subarray(row * width, (row + 1) * width);
      const limit = Float32Array.from(own, Math.abs).sort()[Math.ceil(PERCENTILE * width) - 1] ?? 0;
      for (const [i, value] of own.entries()) own[i] = Math.max(-limit, Math.min(limit, value));
    }
    return kept;
  };
  return {
    ...precision,
    linear: (graph, x, layer) => precision.linear(graph, x, { ...layer, weight: clip(layer.weight, layer.outputs) }),
    convolution: (graph, x, layer) =>
      precision.convolution(graph, x, { ...layer, weight: clip(layer.weight, layer.outputs) }),
  };
}

function best(vector: Float32Array, labels: readonly Float32Array[]): number {
  const scores = labels.map((label) => label.reduce((dot, value, i) => dot + value * (vector[i] ?? 0), 0));
  return scores.indexOf(Math.max(...scores));
}

async function study(name: string, given: Study): Promise<void> {
  const { checkpoint, calibration, pictures, labels, dir, exactDir } = given;
  const { size, kind } = checkpoint.model.vision;
  const adjustable = ofCheckpoint(checkpoint, "vision");
  const { source } = adjustable;
  await adjustable.write(exactDir, source, fp32());
  const exact = await run(given, source, fp32());
  const show = (variant: string, { vectors, bytes, time }: Made) => {
    const { cosine_mean, cosine_worst } = compareVectors(exact.vectors, vectors);
    const same = vectors.filter((vector, i) => {
      const own = exact.vectors[i];
      return own && best(vector, labels) === best(own, labels);
    }).length;
    const agreement = labels.length > 0 ? `${same} / ${vectors.length}` : "-";
    console.log(
      `| ${name} | ${variant} | ${cosine_mean.toFixed(4)} | ${cosine_worst.toFixed(4)} | ${agreement} | ` +
        `${(bytes / exact.bytes).toFixed(2)} | ${time.toFixed(2)} |`,
    );
  };
  const inputs = pictures.map((data) => ({ data, dims: [1, size, size, 3] }));
  const write = (precision: Precision) => adjustable.write(dir, source, precision);
  const layers = await observeLayers("vision", write, inputs, dir);
  const moved = adjustable.migrated(source, layers);
  const drift = async (float: string[]) => {
    const few = await run(given, source, int8(calibration, { float: new Set(float) }), RANKED_ON);
    return compareVectors(exact.vectors.slice(0, RANKED_ON), few.vectors);
  };
  const sensitive = await mostSensitive(layers, FINER_SHARE.int8, await drift([]), (layer) => drift([layer]));
  const float = new Set(sensitive);
  const isTransformer = kind === "vit";

  show("int8", await run(given, source, int8(calibration)));
  if (isTransformer) show("int8, outliers moved", await run(given, moved, int8(calibration)));
  show(`int8, ${float.size} layers in fp32`, await run(given, source, int8(calibration, { float })));
  show("int8, weights clipped at 99.9 %", await run(given, source, clipped(int8(calibration))));
  if (!isTransformer) {
    const ranges = Object.fromEntries(
      Object.entries(calibration.ranges).map(([key, [low, high]]): [string, [number, number]] => [
        key,
        [low / RANGE_KEPT, high / RANGE_KEPT],
      ]),
    );
    show("int8, activation ranges whole", await run(given, source, int8({ ...calibration, ranges })));
    return;
  }
  show("int4", await run(given, source, int4()));
  show("int4, outliers moved", await run(given, moved, int4()));
  for (const [format, make] of [
    ["int8", (finer: ReadonlySet<string>) => int8(calibration, { float: finer })],
    ["int4", int4],
  ] as const) {
    const share = FINER_SHARE[format];
    const held = await holdDrift(adjustable, {
      inputs,
      make,
      share,
      workDir: dir,
      log: () => {},
    });
    const done = [held.migrated ? "outliers moved" : [], held.finer.length > 0 ? `${held.finer.length} finer` : []];
    const told = [format, "as built", ...done.flat(), ...(withinBudget(held.drift) ? [] : ["past the budget"])];
    show(told.join(", "), await run(given, held.source, make(new Set(held.finer))));
  }
}

async function picturesFor(checkpoint: Checkpoint): Promise<Uint8Array<ArrayBuffer>[]> {
  const framing = describe(checkpoint, NAMED).image;
  if (!existsSync(DATA)) return readPictures(FIXTURES, framing);
  const magick = await openMagick();
  const pictures: Uint8Array<ArrayBuffer>[] = [];
  for await (const { bytes } of readValidation(DATA)) {
    pictures.push(new Uint8Array(toPixels(magick, bytes, framing).pixels));
    if (pictures.length === PICTURES) break;
  }
  return pictures;
}

async function textsOf(checkpoint: Checkpoint, dir: string): Promise<Float32Array[]> {
  const { text } = describe(checkpoint, NAMED);
  const tokenize = createTokenizer(checkpoint.tokenizer.json, text);
  await writeTower(dir, "text", checkpoint, fp32(), Number.POSITIVE_INFINITY);
  const tower = await openTower(dir, "text");
  const vectors: Float32Array[] = [];
  for (const name of await readLabelNames("models/labels")) {
    const { ids, length } = tokenize(`a photo of a ${name}.`);
    vectors.push(await tower.run(ids.slice(0, length), [1, length]));
  }
  await tower.release();
  return vectors;
}

export async function quantization(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "edgeclip-quantization-"));
  try {
    console.log(
      "| model | variant | cosine mean | worst | top-1 as fp32 | size | time |\n|---|---|---|---|---|---|---|",
    );
    const planted = join(dir, "planted");
    const exactDir = join(dir, "exact");
    mkdirSync(exactDir);
    await writeRandomCheckpoint(planted, PLANTED);
    const random = await openCheckpoint(planted);
    const nano = await openCheckpoint("training/nano");
    const none = { pictures: 0, ranges: {} };
    for (const site of SITES) {
      const checkpoint = { ...random, tensors: plantOutliers(random.tensors, GAIN, site) };
      await study(`ViT, ${site}`, {
        checkpoint,
        calibration: none,
        pictures: await picturesFor(random),
        labels: [],
        dir,
        exactDir,
      });
    }
    const pictures = await picturesFor(nano);
    const calibration = await calibrate(nano, pictures, dir);
    await study("nano", { checkpoint: nano, calibration, pictures, labels: await textsOf(nano, dir), dir, exactDir });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
