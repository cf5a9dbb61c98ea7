// open_clip_config.json: what is not understood is refused by name, since ignoring it would compile another model.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readOpenClipConfig } from "../../../src/build/checkpoint/openClipConfig.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-config-"));
afterAll(() => rmSync(dir, { recursive: true }));

const vision = { image_size: 32, layers: 2, width: 64, patch_size: 8 };
const text = { context_length: 16, vocab_size: 100, width: 32, heads: 2, layers: 1 };

async function read(model: object, preprocess: object = {}) {
  const path = join(dir, "open_clip_config.json");
  writeFileSync(
    path,
    JSON.stringify({
      model_cfg: { embed_dim: 8, vision_cfg: vision, text_cfg: text, ...model },
      preprocess_cfg: preprocess,
    }),
  );
  return readOpenClipConfig(path);
}

test("defaults are OpenCLIP's", async () => {
  const { model, preprocess } = await read({});
  expect(model).toEqual({
    embedDim: 8,
    vision: {
      kind: "vit",
      size: 32,
      patch: 8,
      blocks: { width: 64, heads: 1, layers: 2, hidden: 256, activation: "gelu", epsilon: 1e-5, layerScale: false },
      preNorm: true,
      attentionPool: null,
      pool: "tok",
      normAfterPool: false,
    },
    text: {
      context: 16,
      vocab: 100,
      blocks: { width: 32, heads: 2, layers: 1, hidden: 128, activation: "gelu", epsilon: 1e-5, layerScale: false },
      causal: true,
      pool: "argmax",
      eos: null,
      pad: null,
      projection: "matrix",
    },
  });
  expect(preprocess.mean).toEqual([0.48145466, 0.4578275, 0.40821073]);
});

test.each<[string, object, object, RegExp]>([
  ["an option of the model", { cast_dtype: "fp16" }, {}, /model_cfg\.cast_dtype/],
  [
    "an option of the vision tower",
    { vision_cfg: { ...vision, timm_model_name: "x" } },
    {},
    /vision_cfg\.timm_model_name/,
  ],
  ["an option of the text tower", { text_cfg: { ...text, hf_model_name: "x" } }, {}, /text_cfg\.hf_model_name/],
  [
    "a tokenizer of another kind",
    { text_cfg: { ...text, hf_tokenizer_name: "bert-base-uncased" } },
    {},
    /text_cfg\.hf_tokenizer_name/,
  ],
  ["another pooling", { vision_cfg: { ...vision, pool_type: "none" } }, {}, /vision_cfg\.pool_type/],
  ["the cascade of poolers", { vision_cfg: { ...vision, attentional_pool: "cascade" } }, {}, /attentional_pool/],
  ["custom attention", { vision_cfg: { ...vision, qk_norm: true } }, {}, /vision_cfg\.qk_norm/],
  ["no projection that fits", { text_cfg: { ...text, proj_type: "none" } }, {}, /text_cfg\.proj_type/],
  ["pictures of another size", {}, { size: 64 }, /preprocess_cfg\.size/],
  ["another resize", {}, { resize_mode: "squash" }, /preprocess_cfg\.resize_mode/],
  ["another interpolation", {}, { interpolation: "bilinear" }, /preprocess_cfg\.interpolation/],
  ["no patch size", { vision_cfg: { ...vision, patch_size: undefined } }, {}, /patch_size: is missing/],
  ["patches that do not fit", { vision_cfg: { ...vision, patch_size: 7 } }, {}, /must be a multiple of patch_size/],
  ["heads that do not fit", { text_cfg: { ...text, heads: 3 } }, {}, /text_cfg\.width/],
  ["a width of zero", { vision_cfg: { ...vision, width: 0 } }, {}, /vision_cfg\.width/],
  ["three stages", { vision_cfg: { ...vision, layers: [1, 1, 1] } }, {}, /vision_cfg\.layers/],
])("%s is refused by name", async (_name, model, preprocess, message) => {
  await expect(read(model, preprocess)).rejects.toThrow(message);
});
