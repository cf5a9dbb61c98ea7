// Exports of every layout become packs whose vectors and ids are those of the models they were exported from, whole or in stages.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { importModel } from "../../../src/build/import/importModel.ts";
import type { ImportOptions } from "../../../src/build/import/importOptions.ts";
import { openTower } from "../../../src/build/ort.ts";
import { createTokenizer } from "../../../src/core/text/tokenizer.ts";
import { goldenInputs } from "../compile/goldenInputs.ts";

const GOLDENS = "test/goldens/import";
const TOLERANCE = 1e-4;
const dir = mkdtempSync(join(tmpdir(), "edgeclip-import-"));
afterAll(() => rmSync(dir, { recursive: true }));

const importing = (name: string, options: Partial<ImportOptions> = {}) =>
  importModel({
    sourceDir: join(GOLDENS, name),
    id: name,
    outDir: join(dir, name),
    quantization: "fp32",
    fp32Dir: join(dir, `${name}-fp32`),
    calibrationDir: undefined,
    logit: { scale: 100, bias: -10 },
    source: { repo: "local", revision: "unknown", licence: "unknown" },
    allowDrift: true,
    texts: ["a photo of a cat."],
    log: () => {},
    ...options,
  });

interface Golden {
  image: number[][];
  text: number[][];
  tokens?: { text: string; ids: number[] }[];
}
const golden = (name: string): Golden => JSON.parse(readFileSync(join(GOLDENS, name, "vectors.json"), "utf8"));
const tokenizerOf = (pack: string): unknown => JSON.parse(readFileSync(join(pack, "tokenizer.json"), "utf8"));

const farthest = (a: ArrayLike<number>, b: readonly number[]) =>
  Math.max(...b.map((value, i) => Math.abs(value - (a[i] ?? 9))));

async function vectorsOf(pack: string, tower: "vision" | "text", input: Uint8Array | Int32Array, dims: number[]) {
  const open = await openTower(pack, tower);
  const vectors = await open.run(input instanceof Uint8Array ? Uint8Array.from(input) : Int32Array.from(input), dims);
  await open.release();
  return vectors;
}

test.each(["clip", "siglip", "siglip2", "mobileclip", "immich"])("%s gives the vectors of its model", async (name) => {
  const { manifest } = await importing(name);
  const { image, text, tokens } = golden(name);
  const { size } = manifest.image;
  const { context, vocab } = manifest.text;
  const { pixels, ids, count } = goldenInputs(size, context, vocab);
  const pack = join(dir, name);
  // The fp16 export's own arithmetic is no reference: weights are those of fp16, sums are in fp32.
  expect(farthest(await vectorsOf(pack, "vision", pixels, [count, size, size, 3]), image.flat())).toBeLessThan(
    TOLERANCE,
  );
  const filled = (row: readonly number[]) => [...row, ...Array<number>(context - row.length).fill(manifest.text.pad)];
  const given = manifest.scores ? Int32Array.from(tokens?.flatMap((each) => filled(each.ids)) ?? []) : ids;
  const rows = given.length / context;
  expect(farthest(await vectorsOf(pack, "text", given, [rows, context]), text.flat())).toBeLessThan(TOLERANCE);
  const tokenize = createTokenizer(tokenizerOf(pack), manifest.text);
  for (const { text: own, ids: expected } of tokens ?? [])
    expect([own, ...tokenize(own).ids]).toEqual([own, ...filled(expected)]);
});

test("pack.json says what the export wants", async () => {
  const { manifest: siglip } = await importing("siglip");
  expect(siglip).toMatchObject({
    image: { resize: "squash", interpolation: "bicubic", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    text: { bos: null, eos: 1, pad: 1, pooling: "last", padded: true, tower: "deploy", clean: "none", context: 12 },
    ...{ scores: "sigmoid", logit_scale: 100, logit_bias: -10, embed_dim: 8 },
  });
  const { manifest: siglip2 } = await importing("siglip2");
  expect(siglip2).toMatchObject({
    image: { resize: "squash", interpolation: "bilinear", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    text: { bos: null, eos: 1, pad: 0, pooling: "last", padded: true, tower: "deploy", clean: "none", context: 64 },
    scores: "sigmoid",
  });
  const { manifest: mobile } = await importing("mobileclip", { logit: { scale: 100, bias: undefined } });
  expect(mobile).toMatchObject({
    image: { resize: "shortest", interpolation: "bilinear", mean: [0, 0, 0], std: [1, 1, 1] },
    ...{ logit_scale: 100, logit_bias: 0 },
  });
  expect(mobile.scores).toBeUndefined();
  expect(mobile.text.padded).toBeUndefined();
  // Its graph takes texts of one length.
  const { manifest: immich } = await importing("immich");
  expect(immich.text).toMatchObject({ padded: true, clean: "open_clip" });
});

test("int8: its drift is measured against fp32, and its weights are bytes", async () => {
  for (const name of ["clip", "siglip", "siglip2", "mobileclip"]) {
    const told: string[] = [];
    const { manifest, drift } = await importing(name, {
      quantization: "int8",
      calibrationDir: "test/fixtures/pictures",
      log: (line) => told.push(line),
    });
    expect(manifest.quantization).toBe("int8");
    expect(drift?.image.cosine_worst).toBeGreaterThan(0.97);
    expect(drift?.text.cosine_worst).toBeGreaterThan(0.97);
    expect(drift?.image.cosine_mean).toBeLessThan(1);
    expect(told.join("\n")).toMatch(
      /largest difference of unit vectors to the export's own: image .*drift of \d+ image vectors/s,
    );
    const { size } = manifest.image;
    const { pixels, count } = goldenInputs(size, manifest.text.context, manifest.text.vocab);
    const together = await vectorsOf(join(dir, name), "vision", pixels, [count, size, size, 3]);
    const alone = await vectorsOf(join(dir, name), "vision", pixels.subarray(0, size * size * 3), [1, size, size, 3]);
    const cosine = alone.reduce((sum, value, i) => sum + value * (together[i] ?? 0), 0);
    expect(cosine).toBeGreaterThan(0.99999);
    // So few channels save nothing in a FastViT: places on pages and scales outweigh them.
    if (name === "mobileclip") continue;
    const bytes = (pack: string) => readFileSync(join(pack, "vision.0.bin")).length;
    expect(bytes(join(dir, name))).toBeLessThan(bytes(join(dir, `${name}-fp32`)) / 2);
  }
});

test.each(["clip", "siglip", "mobileclip", "immich"])(
  "%s stage by stage is what it is in one piece",
  async (name) => {
    const calibrationDir = "test/fixtures/pictures";
    for (const quantization of ["fp32", "int8"] as const) {
      const whole = await importing(name, { quantization, calibrationDir });
      const canaryOf = (pack: string) => JSON.parse(readFileSync(join(pack, "canary.json"), "utf8"));
      const canary = canaryOf(join(dir, name));
      const staged = await importing(name, { quantization, calibrationDir, wholeBytes: 0, stageBytes: 2000 });
      const files = ({ manifest }: typeof whole) => manifest.files.filter((file) => file.name !== "canary.json");
      expect(files(staged)).toEqual(files(whole));
      expect({ ...staged.manifest, drift: undefined, files: [], pack: "" }).toEqual({
        ...{ ...whole.manifest, drift: undefined, files: [], pack: "" },
      });
      expect(staged.manifest.drift).toBe(quantization === "fp32" ? undefined : "staged");
      expect(staged.drift?.image.count).toBe(quantization === "fp32" ? undefined : 2);
      const again = canaryOf(join(dir, name));
      for (const key of ["image_vector", "text_vector"] as const)
        expect(farthest(again[key], canary[key])).toBeLessThan(1e-5);
    }
  },
  180_000,
);

/** A copy of a golden folder, changed. */
function changed(name: string, change: (folder: string) => void): string {
  const folder = mkdtempSync(join(dir, `${name}-`));
  cpSync(join(GOLDENS, name), folder, { recursive: true });
  change(folder);
  return folder;
}
const rewrite = (folder: string, file: string, change: object) =>
  writeFileSync(
    join(folder, file),
    JSON.stringify({ ...JSON.parse(readFileSync(join(folder, file), "utf8")), ...change }),
  );

test.each<[string, string, (folder: string) => void, RegExp]>([
  [
    "a key that is not known",
    "siglip",
    (folder) => rewrite(folder, "preprocessor_config.json", { do_sharpen: true }),
    /preprocessor_config\.json: do_sharpen: is not known/,
  ],
  [
    "another resampling",
    "clip",
    (folder) => rewrite(folder, "preprocessor_config.json", { resample: 1 }),
    /preprocessor_config\.json: resample/,
  ],
  [
    "pictures of another size than the graph's",
    "immich",
    (folder) => rewrite(folder, "visual/preprocess_cfg.json", { size: 48 }),
    /visual\/model\.onnx: image is \[.*32,32\].*48 px/,
  ],
  [
    "padded pictures",
    "immich",
    (folder) => rewrite(folder, "visual/preprocess_cfg.json", { resize_mode: "longest" }),
    /preprocess_cfg\.json: resize_mode/,
  ],
  ["another family", "clip", (folder) => rewrite(folder, "config.json", { model_type: "blip" }), /model_type: is blip/],
  ["no graph", "clip", (folder) => rmSync(join(folder, "onnx/text_model.onnx")), /there is neither/],
  [
    "weights that are not there",
    "immich",
    (folder) => rmSync(join(folder, "textual/model.onnx.data")),
    /model\.onnx\.data is not there/,
  ],
  [
    "half a file",
    "clip",
    (folder) => {
      const path = join(folder, "onnx/vision_model.onnx");
      writeFileSync(path, readFileSync(path).subarray(0, 9000));
    },
    /vision_model\.onnx: (?:is no ONNX model|ends early)/,
  ],
  [
    "no ONNX",
    "clip",
    (folder) => writeFileSync(join(folder, "onnx/vision_model.onnx"), "version https://git-lfs.github.com/spec/v1"),
    /vision_model\.onnx: is no ONNX model/,
  ],
])("%s is refused by name", async (_what, name, change, message) => {
  await expect(importing(name, { sourceDir: changed(name, change) })).rejects.toThrow(message);
});

test("sigmoid scores need the trained scale and bias", async () => {
  for (const logit of [
    { scale: undefined, bias: undefined },
    { scale: 100, bias: undefined },
    { scale: undefined, bias: -10 },
  ])
    await expect(importing("siglip", { logit })).rejects.toThrow(/--logit-scale .*--logit-bias/s);
  await expect(importing("clip", { logit: { scale: undefined, bias: 0 } })).rejects.toThrow(/--logit-scale/);
});
