// open_clip_config.json: what is not understood is refused by name, since ignoring it would compile another model.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readConfig } from "../../../src/build/checkpoint/config.ts";

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
  return readConfig(path);
}

test("defaults are OpenCLIP's", async () => {
  const { model_cfg, preprocess_cfg } = await read({});
  expect(model_cfg).toMatchObject({ quick_gelu: false, vision_cfg: { head_width: 64, mlp_ratio: 4 } });
  expect(preprocess_cfg.mean).toEqual([0.48145466, 0.4578275, 0.40821073]);
});

test.each<[string, object, object, RegExp]>([
  ["an option of the model", { custom_text: true }, {}, /model_cfg\.custom_text/],
  [
    "an option of the vision tower",
    { vision_cfg: { ...vision, timm_model_name: "x" } },
    {},
    /vision_cfg\.timm_model_name/,
  ],
  ["an option of the text tower", { text_cfg: { ...text, hf_model_name: "x" } }, {}, /text_cfg\.hf_model_name/],
  ["another pooling", { vision_cfg: { ...vision, pool_type: "avg" } }, {}, /vision_cfg\.pool_type/],
  ["another interpolation", {}, { interpolation: "bilinear" }, /preprocess_cfg\.interpolation/],
  ["no patch size", { vision_cfg: { ...vision, patch_size: undefined } }, {}, /patch_size: is missing/],
  ["patches that do not fit", { vision_cfg: { ...vision, patch_size: 7 } }, {}, /must be a multiple of patch_size/],
  ["heads that do not fit", { text_cfg: { ...text, heads: 3 } }, {}, /text_cfg\.width/],
  ["a width of zero", { vision_cfg: { ...vision, width: 0 } }, {}, /vision_cfg\.width/],
  ["three stages", { vision_cfg: { ...vision, layers: [1, 1, 1] } }, {}, /vision_cfg\.layers/],
])("%s is refused by name", async (_name, model, preprocess, message) => {
  await expect(read(model, preprocess)).rejects.toThrow(message);
});
