// 4 bits in blocks of 32: by hand, and through onnxruntime-web; convolutions are refused.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-web/wasm";
import { afterAll, expect, test } from "vitest";
import { buildModel } from "../../../src/build/buildModel.ts";
import { Graph } from "../../../src/build/onnx/graph.ts";
import { ShardWriter } from "../../../src/build/onnx/shards.ts";
import { openSession } from "../../../src/build/ort.ts";
import { int4, quantizeBlocks } from "../../../src/build/quantize/int4.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-int4-"));
afterAll(() => rmSync(dir, { recursive: true }));

test("a block by hand: the largest magnitude takes -8, two values a byte, the first in the low half", () => {
  const weight = new Float32Array(32);
  weight.set([-8, 7, 1, -1, 0.4, 20]);
  weight[5] = 3.5;
  const { values, scales } = quantizeBlocks(weight);
  expect([...scales]).toEqual([1]);
  expect([...values.slice(0, 3)]).toEqual([0xf0, 0x79, 0xc8]);
  expect([...quantizeBlocks(weight.map((value) => -value)).scales]).toEqual([-1]);
});

test("MatMulNBits in WASM gives what the dequantized matrix gives", async () => {
  const [inputs, outputs] = [64, 5];
  const weight = Float32Array.from({ length: inputs * outputs }, (_, i) => Math.sin(i * 12.9898));
  const bias = Float32Array.from({ length: outputs }, (_, i) => i);
  const shards = new ShardWriter(dir, "layer", Number.POSITIVE_INFINITY);
  const graph = new Graph("layer", shards);
  const x = graph.input("x", "FLOAT", ["N", "T", inputs]);
  const y = int4().linear(graph, x, { name: "layer", weight, bias, inputs, outputs });
  graph.output("y", y, ["N", "T", outputs]);
  shards.close();
  const session = await openSession(graph.finish(), dir, "layer");
  const data = Float32Array.from({ length: 3 * inputs }, (_, i) => Math.cos(i));
  const made = await session.run({ x: new ort.Tensor("float32", data, [1, 3, inputs]) });
  await session.release();

  const { values, scales } = quantizeBlocks(weight);
  const real = weight.map((_, i) => {
    const byte = values[i >> 1] ?? 0;
    return ((i % 2 === 0 ? byte & 15 : byte >> 4) - 8) * (scales[Math.floor(i / 32)] ?? 0);
  });
  const step = Math.max(...scales.map(Math.abs));
  for (const [i, value] of weight.entries()) expect(Math.abs((real[i] ?? 9) - value)).toBeLessThanOrEqual(1.001 * step);
  for (let row = 0; row < 3; row++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias[o] ?? 0;
      for (let i = 0; i < inputs; i++) sum += (data[row * inputs + i] ?? 0) * (real[o * inputs + i] ?? 0);
      expect(Math.abs(Number(made.y?.data[row * outputs + o]) - sum)).toBeLessThan(1e-4);
    }
  }
});

test("a convolutional tower is refused, with the reason", async () => {
  await expect(
    buildModel({
      checkpointDir: "training/nano",
      id: "nano4",
      quantization: "int4",
      outDir: join(dir, "nano4"),
      fp32Dir: join(dir, "nano4-fp32"),
      calibrationDir: "test/fixtures/pictures",
      source: { repo: "local", revision: "unknown", licence: "unknown" },
      demo: false,
      allowDrift: true,
      tokens: false,
      texts: ["a cat"],
      log: () => {},
    }),
  ).rejects.toThrow(/--quant int4: the image tower is convolutional/);
});
