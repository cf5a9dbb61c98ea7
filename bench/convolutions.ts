// Whether convolutions of an export are faster or smaller in int8: each kind that a MobileCLIP-S0 has, against fp32, which answers
// in turn, onnxruntime-web on one thread. Table: src/build/README.md.
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-web/wasm";
import { readPictures } from "../src/build/calibrate.ts";
import { fp32 } from "../src/build/compile/fp32.ts";
import type { Precision } from "../src/build/compile/precision.ts";
import { compareVectors } from "../src/build/drift.ts";
import { openSource } from "../src/build/import/openSource.ts";
import { writeImported } from "../src/build/import/writeImported.ts";
import { Graph } from "../src/build/onnx/graph.ts";
import { ShardWriter } from "../src/build/onnx/shards.ts";
import { openSession, openTower } from "../src/build/ort.ts";
import { int4 } from "../src/build/quantize/int4.ts";
import { int8 } from "../src/build/quantize/int8.ts";
import { byPlaces, dynamic, fixed, float, linear, type Made, NONE } from "./convolutionKinds.ts";
import { MOBILECLIP_S0 } from "./fastVit.ts";
import { median } from "./median.ts";
import { LAYERS, type Layer } from "./mobileClipLayers.ts";
import { normals } from "./randomCheckpoint.ts";
import { writeRandomExport } from "./randomExport.ts";

const RUNS = 40;
const ROUNDS = 2;
const SIDE = 256;
const PICTURES = "test/fixtures/pictures";
const noise = normals(2 ** 18);

/** What else the machine does is not in it. @returns microseconds */
async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

async function opened(
  layer: Layer,
  dir: string,
  make: (made: Made) => string | undefined,
): Promise<ort.InferenceSession | undefined> {
  const { inputs, outputs, side, kernel, group } = layer;
  const shards = new ShardWriter(dir, "layer", Number.POSITIVE_INFINITY);
  const graph = new Graph("layer", shards);
  const x = graph.input("x", "FLOAT", ["N", inputs, side, side]);
  const own = (inputs / group) * kernel * kernel;
  const weight = Float32Array.from({ length: outputs * own }, (_, i) => (noise[i % noise.length] ?? 0) * own ** -0.5);
  const y = make({ graph, x, layer, weight, bias: noise.slice(0, outputs) });
  shards.close();
  if (y === undefined) return undefined;
  graph.result("y", y);
  return openSession(graph.finish(), dir, "layer");
}

/** A whole tower, with its 1 x 1 convolutions in the ways that pay. */
async function tower(dir: string): Promise<void> {
  const from = join(dir, "export");
  mkdirSync(from);
  const text_cfg = { context_length: 16, vocab_size: 520, width: 64, heads: 2, layers: 1 };
  const vision_cfg = { image_size: SIDE, layers: 1, width: 64, patch_size: 32 };
  await writeRandomExport(from, { config: { embed_dim: 64, vision_cfg, text_cfg }, fastVit: MOBILECLIP_S0 });
  const source = await openSource(from);
  const { image } = source;
  const pictures = await readPictures(PICTURES, image);
  const made = async (name: string, precision: Precision) => {
    const own = join(dir, name);
    mkdirSync(own);
    const files = await writeImported(
      own,
      "vision",
      source.vision,
      { size: SIDE, norm: image },
      precision,
      Number.POSITIVE_INFINITY,
    );
    const bytes = files.reduce((sum, file) => sum + statSync(join(own, file)).size, 0);
    return {
      name,
      bytes,
      tower: await openTower(own, "vision"),
      vectors: [] as Float32Array[],
      times: [] as number[],
    };
  };
  const exact = await made("fp32", fp32());
  const others = [
    await made("linear layers", byPlaces),
    await made("ConvInteger", int8(NONE)),
    await made("int4", int4()),
  ];
  source.close();
  for (let round = 0; round < ROUNDS; round++) {
    for (const pixels of pictures) {
      for (const each of [exact, ...others]) {
        const run = async () => each.tower.run(pixels, [1, SIDE, SIDE, 3]);
        each.times.push(await processorTime(async () => void each.vectors.push(await run())));
      }
    }
  }
  console.log("\n| 1 x 1 convolutions | cosine mean | worst | size | time |\n|---|---|---|---|---|");
  for (const { name, bytes, vectors, times, tower } of others) {
    const { cosine_mean, cosine_worst } = compareVectors(exact.vectors, vectors);
    console.log(
      `| ${name} | ${cosine_mean.toFixed(4)} | ${cosine_worst.toFixed(4)} | ${(bytes / exact.bytes).toFixed(2)} | ${(median(times) / median(exact.times)).toFixed(2)} |`,
    );
    await tower.release();
  }
  await exact.tower.release();
}

export async function convolutions(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "edgeclip-convolutions-"));
  try {
    await layers(dir);
    await tower(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function layers(dir: string): Promise<void> {
  const kinds = { linear, dynamic, fixed };
  console.log(
    "| convolution | at | of them | share of fp32's time | linear layer | ConvInteger | QLinearConv |\n|---|---|---|---|---|---|---|",
  );
  const rows: { layer: Layer; exact: number; ratios: (number | undefined)[] }[] = [];
  for (const layer of LAYERS) {
    const { inputs, side } = layer;
    const data = Float32Array.from({ length: inputs * side * side }, (_, i) => noise[i % noise.length] ?? 0);
    const feeds = { x: new ort.Tensor("float32", data, [1, inputs, side, side]) };
    const exact = await opened(layer, dir, float);
    const sessions: (ort.InferenceSession | undefined)[] = [];
    for (const make of Object.values(kinds)) sessions.push(await opened(layer, dir, make));
    const all = [exact, ...sessions];
    const times = all.map((): number[] => []);
    for (let run = 0; run <= RUNS; run++) {
      for (const [at, session] of all.entries()) {
        const time = await processorTime(async () => void (await session?.run(feeds)));
        // The first run lays out memory.
        if (session && run > 0) times[at]?.push(time);
      }
    }
    for (const session of all) await session?.release();
    const [base = 0, ...others] = times.map((each) => median(each));
    rows.push({
      layer,
      exact: base * layer.count,
      ratios: others.map((each, at) => (sessions[at] ? each / base : undefined)),
    });
  }
  const total = rows.reduce((sum, { exact }) => sum + exact, 0);
  for (const { layer, exact, ratios } of rows) {
    const { inputs, outputs, kernel, stride, group, side, count } = layer;
    const kind = group > 1 ? "depthwise" : "dense";
    console.log(
      `| ${kind} ${kernel} x ${kernel}${stride > 1 ? `, stride ${stride}` : ""}, ${inputs} to ${outputs} | ${side} | ${count} | ` +
        `${(exact / total).toFixed(2)} | ${ratios.map((ratio) => ratio?.toFixed(2) ?? "-").join(" | ")} |`,
    );
  }
}
