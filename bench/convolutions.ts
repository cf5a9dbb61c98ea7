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
import { quantizeRows, ZERO_POINT } from "../src/build/quantize/rows.ts";
import { MOBILECLIP_S0 } from "./fastVit.ts";
import { median } from "./median.ts";
import { normals } from "./randomCheckpoint.ts";
import { writeRandomExport } from "./randomExport.ts";

interface Layer {
  inputs: number;
  outputs: number;
  kernel: number;
  stride: number;
  group: number;
  /** Of the picture that comes in. */
  side: number;
  /** How many of its kind there are in the tower. */
  count: number;
}

const dense = (
  inputs: number,
  outputs: number,
  kernel: number,
  stride: number,
  side: number,
  count: number,
): Layer => ({
  ...{ inputs, outputs, kernel, stride, group: 1, side, count },
});
const depthwise = (
  inputs: number,
  outputs: number,
  kernel: number,
  stride: number,
  side: number,
  count: number,
): Layer => ({
  ...{ inputs, outputs, kernel, stride, group: inputs, side, count },
});

/** A MobileCLIP-S0's, pictures of 256 px. */
const LAYERS: readonly Layer[] = [
  dense(3, 64, 3, 2, 256, 1),
  depthwise(64, 64, 3, 2, 128, 1),
  depthwise(64, 64, 3, 1, 64, 2),
  depthwise(64, 64, 7, 1, 64, 2),
  depthwise(128, 128, 3, 1, 32, 6),
  depthwise(128, 128, 7, 1, 32, 6),
  depthwise(128, 256, 7, 2, 32, 1),
  depthwise(256, 256, 3, 1, 16, 10),
  depthwise(256, 256, 7, 1, 16, 10),
  depthwise(512, 512, 7, 1, 8, 3),
  dense(64, 192, 1, 1, 64, 2),
  dense(192, 64, 1, 1, 64, 2),
  dense(128, 384, 1, 1, 32, 6),
  dense(256, 768, 1, 1, 16, 10),
  dense(768, 256, 1, 1, 16, 10),
  dense(512, 1536, 1, 1, 8, 2),
];

const RUNS = 40;
const ROUNDS = 2;
const SIDE = 256;
const PICTURES = "test/fixtures/pictures";
/** Of what an activation here takes. */
const RANGE = 4;
const FLOAT = 1;
const UINT8 = 2;
const noise = normals(2 ** 18);

/** What else the machine does is not in it. @returns microseconds */
async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

interface Made {
  graph: Graph;
  x: string;
  layer: Layer;
  /** fp32 [outputs, inputs of a group, kernel, kernel] */
  weight: Float32Array<ArrayBuffer>;
  bias: Float32Array<ArrayBuffer>;
}

const attributesOf = ({ kernel, stride, group }: Layer) => ({
  ...{ kernel_shape: [kernel, kernel], strides: [stride, stride], group },
  pads: Array<number>(4).fill((kernel - 1) / 2),
});
const dimsOf = ({ inputs, outputs, kernel, group }: Layer) => [outputs, inputs / group, kernel, kernel];

const float = ({ graph, x, layer, weight, bias }: Made): string =>
  graph.node(
    "Conv",
    [x, graph.weight("w", dimsOf(layer), weight), graph.weight("b", [layer.outputs], bias)],
    attributesOf(layer),
  );

const NONE = { pictures: 0, ranges: {} };

/** 1 x 1 convolutions as linear layers: a scale a place, and transpositions. */
const byPlaces: Precision = {
  ...int8(NONE),
  pointwise(graph, x, layer) {
    const y = int8(NONE).linear(graph, graph.node("Transpose", [x], { perm: [0, 2, 3, 1] }), layer);
    return graph.node("Transpose", [y], { perm: [0, 3, 1, 2] });
  },
};

function linear({ graph, x, layer, weight, bias }: Made): string | undefined {
  const { inputs, outputs, kernel } = layer;
  return kernel === 1 ? byPlaces.pointwise(graph, x, { name: "w", weight, bias, inputs, outputs }) : undefined;
}

/** ConvInteger with a scale a picture, found as it runs: as an import has 1 x 1 convolutions. */
function dynamic({ graph, x, layer, weight, bias }: Made): string {
  const { outputs } = layer;
  const { values, scales } = quantizeRows(weight, outputs);
  const largest = graph.node("ReduceMax", [graph.node("Abs", [x]), graph.int64s(1, 2, 3)], { keepdims: 1 });
  const scale = graph.node("Mul", [graph.node("Max", [largest, graph.float(1e-8)]), graph.float(1 / 127)]);
  const shifted = graph.node("Add", [graph.node("Div", [x, scale]), graph.float(ZERO_POINT + 0.5)]);
  const zero = graph.uint8(ZERO_POINT);
  const sums = graph.node(
    "ConvInteger",
    [graph.node("Cast", [shifted], { to: UINT8 }), graph.weight("w", dimsOf(layer), values), zero, zero],
    attributesOf(layer),
  );
  const channels = [1, outputs, 1, 1];
  const real = graph.node("Mul", [
    graph.node("Mul", [graph.node("Cast", [sums], { to: FLOAT }), scale]),
    graph.floats(channels, scales),
  ]);
  return graph.node("Add", [real, graph.floats(channels, bias)]);
}

/** QLinearConv with ranges from calibration, which need not be right for its time. */
function fixed({ graph, x, layer, weight, bias }: Made): string {
  const { outputs } = layer;
  const { values, scales } = quantizeRows(weight, outputs);
  const scale = graph.float((2 * RANGE) / 255);
  const zero = graph.uint8(ZERO_POINT);
  const shift = Int32Array.from(bias, (value, i) => Math.round(value / (((2 * RANGE) / 255) * (scales[i] ?? 1))));
  graph.constant("b", "INT32", [outputs], new Uint8Array(shift.buffer));
  const signed = Int8Array.from(values, (value) => value - ZERO_POINT);
  graph.constant("w", "INT8", dimsOf(layer), new Uint8Array(signed.buffer));
  graph.constant("zeros", "INT8", [outputs], new Uint8Array(outputs));
  const quantized = graph.node("QuantizeLinear", [x, scale, zero]);
  const inputs = [quantized, scale, zero, "w", graph.floats([outputs], scales), "zeros", scale, zero, "b"];
  const y = graph.node("QLinearConv", inputs, attributesOf(layer));
  return graph.node("DequantizeLinear", [y, scale, zero]);
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
