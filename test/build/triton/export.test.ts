// `npm run models -- export --to triton`: the configuration says what the graph beside it takes and gives.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openGraph } from "../../../src/build/ort.ts";
import { readPack } from "../../../src/build/readPack.ts";
import { tritonConfig } from "../../../src/build/triton/config.ts";
import { type Canary, canaryPixels } from "../../../src/core/pack/canary.ts";
import { parsePbtxt } from "./parsePbtxt.ts";

const run = promisify(execFile);
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "edgeclip-triton-"));
});
afterEach(() => rmSync(dir, { recursive: true }));
const models = (...args: string[]) => run(process.execPath, ["src/build/models.ts", "export", ...args]);
const nano = (...args: string[]) => models("models/nano", "--to", "triton", "--out", join(dir, "repo"), ...args);
const manifest = await readPack("models/nano");
const { size } = manifest.image;
const OPTIONS = { device: "gpu", instances: 2, maxBatch: 64, delayMicroseconds: 500 } as const;

test("a folder a tower, with its configuration and the graph beside its weights", async () => {
  await nano("--device", "cpu", "--prefix", "nano-");
  expect(readdirSync(join(dir, "repo"), { recursive: true }).sort()).toEqual(
    ["text", "vision"].flatMap((tower) => [
      `nano-${tower}`,
      `nano-${tower}/1`,
      `nano-${tower}/1/model.onnx`,
      `nano-${tower}/1/${tower}.0.bin`,
      `nano-${tower}/config.pbtxt`,
    ]),
  );
  const config = parsePbtxt(readFileSync(join(dir, "repo/nano-vision/config.pbtxt"), "utf8"));
  expect(config).toMatchObject({
    name: "nano-vision",
    platform: "onnxruntime_onnx",
    max_batch_size: 32,
    input: [{ name: "pixels", data_type: "TYPE_UINT8", dims: [size, size, 3] }],
    output: [{ name: "embedding", data_type: "TYPE_FP32", dims: [manifest.embed_dim] }],
    dynamic_batching: { preferred_batch_size: [8, 16, 32], max_queue_delay_microseconds: 2000 },
    instance_group: [{ count: 1, kind: "KIND_CPU" }],
  });
  expect(config.parameters).toContainEqual({ key: "edgeclip_pack", value: { string_value: manifest.pack } });
});

test("the exported graphs load from there, take a batch and give the canary's vectors", async () => {
  await nano("--device", "cpu");
  const canary: Canary = JSON.parse(readFileSync("models/nano/canary.json", "utf8"));
  const inputs = {
    vision: [Uint8Array.from([...canaryPixels(size), ...canaryPixels(size)]), [2, size, size, 3], canary.image_vector],
    text: [Int32Array.from([...canary.input_ids, ...canary.input_ids]), [2, manifest.text.context], canary.text_vector],
  } as const;
  for (const tower of ["vision", "text"] as const) {
    const folder = join(dir, "repo", tower, "1");
    const graph = await openGraph(new Uint8Array(readFileSync(join(folder, "model.onnx"))), folder, tower);
    const [data, dims, expected] = inputs[tower];
    const config = parsePbtxt(readFileSync(join(dir, "repo", tower, "config.pbtxt"), "utf8"));
    const given = await graph.runAll(data, dims);
    await graph.release();
    expect([...given.keys()]).toEqual([(config.output as { name: string }[])[0]?.name]);
    const second = given.get("embedding")!.slice(manifest.embed_dim);
    expect(expected.reduce((sum, value, i) => sum + value * (second[i] ?? 0), 0)).toBeGreaterThan(0.999);
  }
});

test("options reach the configuration; a text of any length, or of the context where pads matter", () => {
  const text = parsePbtxt(tritonConfig("text", manifest, "text", OPTIONS));
  expect(text).toMatchObject({
    max_batch_size: 64,
    input: [{ name: "input_ids", data_type: "TYPE_INT32", dims: [-1] }],
    dynamic_batching: { preferred_batch_size: [16, 32, 64], max_queue_delay_microseconds: 500 },
    instance_group: [{ count: 2, kind: "KIND_GPU" }],
  });
  const padded = { ...manifest, text: { ...manifest.text, padded: true } };
  expect(parsePbtxt(tritonConfig("text", padded, "text", OPTIONS))).toMatchObject({
    input: [{ dims: [manifest.text.context] }],
  });
  expect(parsePbtxt(tritonConfig("text", manifest, "text", { ...OPTIONS, maxBatch: 1 }))).toMatchObject({
    max_batch_size: 1,
    dynamic_batching: { max_queue_delay_microseconds: 500 },
  });
});

test.each<[string, string[], RegExp]>([
  ["int8 for a GPU", [], /is int8, which ONNX Runtime has no CUDA kernels for.*--device cpu/s],
  ["another target", ["--to", "torchserve"], /--to is triton, not torchserve/],
  ["a batch of nothing", ["--device", "cpu", "--max-batch", "0"], /--max-batch is 1 to 1024, not 0/],
  ["a prefix that is a path", ["--device", "cpu", "--prefix", "../"], /--prefix is letters/],
])("refuses %s in words", async (_name, args, message) => {
  await expect(nano(...args)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
});

test("refuses to replace what is there unless told, and a damaged pack", async () => {
  await nano("--device", "cpu");
  await expect(nano("--device", "cpu")).rejects.toMatchObject({ stderr: expect.stringContaining("is there already") });
  await nano("--device", "cpu", "--force");
  const copy = join(dir, "pack");
  cpSync("models/nano", copy, { recursive: true });
  writeFileSync(join(copy, "text.0.bin"), "x");
  await expect(models(copy, "--to", "triton", "--device", "cpu", "--out", join(dir, "other"))).rejects.toMatchObject({
    stderr: expect.stringContaining("text.0.bin has 1 bytes instead of"),
  });
});

test("a pack that is not there", async () => {
  await expect(models("nothing", "--to", "triton")).rejects.toMatchObject({
    stderr: expect.stringContaining("no pack nothing for a GPU here"),
  });
});
