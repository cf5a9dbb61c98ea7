// A Hugging Face CLIPModel folder: transformers' defaults, its tokens, and the keys that are refused by name.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openCheckpoint } from "../../../src/build/checkpoint/checkpoint.ts";
import { readHuggingFaceConfig } from "../../../src/build/checkpoint/huggingFaceConfig.ts";
import { huggingFaceNames } from "../../../src/build/checkpoint/huggingFaceNames.ts";
import { scalar } from "../../../src/build/checkpoint/tensorSource.ts";
import { createTokenizer } from "../../../src/core/text/tokenizer.ts";

const GOLDENS = "test/goldens/parity";
const dir = mkdtempSync(join(tmpdir(), "edgeclip-hugging-face-"));
afterAll(() => rmSync(dir, { recursive: true }));

let files = 0;
function read(config: object, eos = 49407) {
  const path = join(dir, `${files++}.json`);
  writeFileSync(path, JSON.stringify({ model_type: "clip", ...config }));
  return readHuggingFaceConfig(path, eos);
}

/** A copy of a golden folder with one of its JSON files changed. */
function changed(file: string, change: object): string {
  const copy = join(dir, `folder-${files++}`);
  cpSync(join(GOLDENS, "hugging-face"), copy, { recursive: true });
  const path = join(copy, file);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...change }));
  return copy;
}

test("a text encoder alone, as Stable Diffusion has it, is refused with the way out", async () => {
  const alone = changed("config.json", { model_type: "clip_text_model", architectures: ["CLIPTextModel"] });
  await expect(openCheckpoint(alone)).rejects.toThrow(/model_type: clip_text_model.*--outputs tokens/);
});

test("omitted keys take transformers' defaults, which are those of ViT-B/32 with QuickGELU", async () => {
  const blocks = { layers: 12, activation: "quick_gelu", epsilon: 1e-5, layerScale: false };
  expect(await read({})).toMatchObject({
    embedDim: 512,
    vision: { size: 224, patch: 32, blocks: { ...blocks, width: 768, heads: 12, hidden: 3072 } },
    text: { context: 77, vocab: 49408, blocks: { ...blocks, width: 512, heads: 8, hidden: 2048 }, pool: "argmax" },
  });
});

test("an end of text of 2 means the highest id, one that is the tokenizer's is the same, any other is refused", async () => {
  const of = (eos: number) => read({ text_config: { eos_token_id: eos } });
  expect(await of(2)).toEqual(await of(49407));
  await expect(of(49406)).rejects.toThrow(/text_config\.eos_token_id: is 49406, the tokenizer ends a text with 49407/);
});

/** As they stand in configurations of OpenAI's own models, beside those that count. */
const OLD_KEYS = `_name_or_path add_cross_attention architectures attention_dropout bad_words_ids bos_token_id
  chunk_size_feed_forward cross_attention_hidden_size decoder_start_token_id diversity_penalty do_sample dropout
  early_stopping encoder_no_repeat_ngram_size finetuning_task forced_bos_token_id forced_eos_token_id id2label
  initializer_factor initializer_range is_decoder is_encoder_decoder label2id length_penalty max_length min_length
  no_repeat_ngram_size num_beam_groups num_beams num_return_sequences output_attentions output_hidden_states output_scores
  pad_token_id prefix projection_dim problem_type remove_invalid_values repetition_penalty return_dict
  return_dict_in_generate sep_token_id task_specific_params temperature tie_encoder_decoder tie_word_embeddings
  tokenizer_class top_k top_p torch_dtype torchscript transformers_version use_bfloat16`.split(/\s+/);

test("the keys that old versions of transformers wrote change nothing", async () => {
  const old = { ...Object.fromEntries(OLD_KEYS.map((key) => [key, null])), pruned_heads: {} };
  const stated = { text_config: { ...old, eos_token_id: 2 }, vision_config: { ...old, eos_token_id: null } };
  const dicts = { text_config_dict: null, vision_config_dict: null };
  expect(await read({ ...stated, ...dicts, logit_scale_init_value: 9, torch_dtype: "float32" })).toEqual(
    await read({}),
  );
});

test("text_config_dict wins, completed with defaults", async () => {
  const model = await read({
    text_config: { num_hidden_layers: 3, hidden_act: "gelu" },
    text_config_dict: { num_hidden_layers: 4 },
  });
  expect(model.text.blocks).toMatchObject({ layers: 4, activation: "quick_gelu" });
});

test.each<[string, object, RegExp]>([
  ["a key of the model", { rotary: true }, /rotary/],
  ["a key of the vision tower", { vision_config: { qk_norm: true } }, /vision_config\.qk_norm/],
  ["a key of the text tower", { text_config: { rope_theta: 1 } }, /text_config\.rope_theta/],
  ["a key of a tower's override", { text_config_dict: { rope_theta: 1 } }, /text_config_dict\.rope_theta/],
  ["another activation", { text_config: { hidden_act: "relu" } }, /text_config\.hidden_act/],
  ["pruned heads", { vision_config: { pruned_heads: { 1: [0] } } }, /vision_config\.pruned_heads/],
  ["four channels", { vision_config: { num_channels: 4 } }, /vision_config\.num_channels/],
  ["heads that do not fit", { text_config: { num_attention_heads: 7 } }, /text_config\.hidden_size/],
  ["patches that do not fit", { vision_config: { patch_size: 17 } }, /vision_config\.image_size/],
  ["another model", { model_type: "siglip" }, /model_type/],
])("%s is refused by name", async (_name, config, message) => {
  await expect(read(config)).rejects.toThrow(message);
});

test.each<[string, object, RegExp]>([
  ["a bilinear resize", { resample: 2 }, /preprocessor_config\.json: resample/],
  ["a squash", { size: { height: 32, width: 32 } }, /size/],
  ["no crop", { do_center_crop: false }, /do_center_crop/],
  ["pictures of another size", { size: { shortest_edge: 64 } }, /size: is 64, the model's image_size 32/],
  ["another rescaling", { rescale_factor: 1 }, /rescale_factor/],
])("a preprocessor with %s is refused by name", async (_name, change, message) => {
  await expect(openCheckpoint(changed("preprocessor_config.json", change))).rejects.toThrow(message);
});

describe("a folder as transformers saves it", () => {
  test("ids are the reference tokenizer's, pads included", async () => {
    const { model, special, clean, tokenizer, tensors } = await openCheckpoint(join(GOLDENS, "hugging-face"));
    tensors.close();
    expect([special.pad, clean]).toEqual([0, "hugging_face"]);
    const tokenize = createTokenizer(tokenizer.json, {
      ...{ context: model.text.context, vocab: model.text.vocab, pooling: "eot", tokenizer: "tokenizer.json" },
      ...special,
      clean,
    });
    const golden: { tokens: { text: string; ids: number[] }[] } = JSON.parse(
      readFileSync(join(GOLDENS, "hugging-face/vectors.json"), "utf8"),
    );
    expect(golden.tokens.map(({ text }) => ({ text, ids: [...tokenize(text).ids] }))).toEqual(golden.tokens);
  });

  test("the pad is the tokenizer's: the end of text where none is stated, as in OpenAI's", async () => {
    const { special, tensors } = await openCheckpoint(changed("tokenizer_config.json", { pad_token: null }));
    tensors.close();
    expect(special.pad).toBe(special.eos);
  });

  test("vocabulary and merges stand in for tokenizer.json", async () => {
    const [old, now] = [
      await openCheckpoint(join(GOLDENS, "hugging-face-old")),
      await openCheckpoint(join(GOLDENS, "hugging-face")),
    ];
    const ids = [old, now].map(({ model, special, clean, tokenizer, tensors }) => {
      tensors.close();
      const rules = { context: model.text.context, vocab: model.text.vocab, ...special, pad: 0, clean };
      return createTokenizer(tokenizer.json, { ...rules, pooling: "eot", tokenizer: "tokenizer.json" })("A photo of tO")
        .ids;
    });
    expect(ids[0]).toEqual(ids[1]);
  });

  test("the logit scale is the trained one, not the value that training started from", async () => {
    const { tensors } = await openCheckpoint(join(GOLDENS, "hugging-face"));
    expect(scalar(tensors, "logit_scale")).toBe(3.25);
    tensors.close();
  });

  test("an index that names a shard without the tensor, or a path, is refused", async () => {
    const index = "model.safetensors.index.json";
    const weights = (map: object) => openCheckpoint(changed(index, { weight_map: map }));
    await expect(weights({ x: "model-00001-of-00003.safetensors" })).rejects.toThrow(/weight_map\.x/);
    await expect(weights({ x: "../secret.safetensors" })).rejects.toThrow(/weight_map\.x/);
    await expect(weights({ x: "model-9.safetensors" })).rejects.toThrow(/model-9/);
  });
});

test("a folder with both configurations is what its weights are, OpenCLIP's before Hugging Face's", async () => {
  const both = join(dir, "both");
  cpSync(join(GOLDENS, "hugging-face"), both, { recursive: true });
  cpSync(join(GOLDENS, "hugging-face/open_clip/open_clip_config.json"), join(both, "open_clip_config.json"));
  const cleanOf = async () => {
    const { clean, tensors } = await openCheckpoint(both);
    tensors.close();
    return clean;
  };
  expect(await cleanOf()).toBe("hugging_face");
  cpSync(join(both, "open_clip/open_clip_model.safetensors"), join(both, "open_clip_model.safetensors"));
  expect(await cleanOf()).toBe("open_clip");
});

test("a tensor that no CLIPModel has is refused by name", () => {
  expect(() => huggingFaceNames(["text_model.encoder.layers.0.self_attn.q_norm.weight"])).toThrow(/q_norm/);
  expect(() => huggingFaceNames(["qformer.query"])).toThrow(/qformer/);
  expect(huggingFaceNames(["text_model.embeddings.position_ids"]).size).toBe(0);
});
