// config.json of a Hugging Face CLIPModel. Omitted keys take transformers' defaults; a key that is not known is refused.
// Defaults: https://github.com/huggingface/transformers/blob/main/src/transformers/models/clip/configuration_clip.py
import * as v from "valibot";
import { HARMLESS_KEYS } from "./huggingFaceHarmlessKeys.ts";
import type { ActivationName, BlocksModel, Model } from "./model.ts";
import { readJson } from "./readJson.ts";

const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1_000_000));
const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const nothing = v.optional(v.nullable(v.union([v.strictTuple([]), v.strictObject({})])));

const towerOptions = {
  num_hidden_layers: v.optional(positive, 12),
  hidden_act: v.optional(v.picklist(["quick_gelu", "gelu", "gelu_new", "gelu_pytorch_tanh"]), "quick_gelu"),
  layer_norm_eps: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-5),
  /** Heads cut out of the weights. */
  pruned_heads: nothing,
};

const VisionSchema = v.strictObject({
  ...towerOptions,
  hidden_size: v.optional(positive, 768),
  intermediate_size: v.optional(positive, 3072),
  num_attention_heads: v.optional(positive, 12),
  num_channels: v.optional(v.literal(3), 3),
  image_size: v.optional(positive, 224),
  patch_size: v.optional(positive, 32),
});

const TextSchema = v.strictObject({
  ...towerOptions,
  vocab_size: v.optional(positive, 49408),
  hidden_size: v.optional(positive, 512),
  intermediate_size: v.optional(positive, 2048),
  num_attention_heads: v.optional(positive, 8),
  max_position_embeddings: v.optional(v.pipe(positive, v.minValue(3)), 77),
  eos_token_id: v.optional(id, 49407),
});

const part = v.optional(v.nullable(v.looseObject({})));
const ConfigSchema = v.strictObject({
  model_type: v.literal("clip"),
  pruned_heads: nothing,
  projection_dim: v.optional(positive, 512),
  text_config: part,
  vision_config: part,
  text_config_dict: part,
  vision_config_dict: part,
});

type Vision = v.InferOutput<typeof VisionSchema>;
type Text = v.InferOutput<typeof TextSchema>;

const ACTIVATIONS: Record<Vision["hidden_act"], ActivationName> = {
  quick_gelu: "quick_gelu",
  gelu: "gelu",
  gelu_new: "gelu_tanh",
  gelu_pytorch_tanh: "gelu_tanh",
};

/** Before transformers 4.31 configurations said 2, whatever the tokenizer: the model then pools at the highest id. */
const EOS_OF_OLD = 2;

/**
 * @param eos the id that the tokenizer ends a text with, which is the highest of its vocabulary
 * @throws Error `<path>: <field>: <what>`
 */
export async function readHuggingFaceConfig(path: string, eos: number): Promise<Model> {
  const config = parse(path, "", ConfigSchema, await readJson(path));
  const vision = tower(path, "vision_config", VisionSchema, config.vision_config, config.vision_config_dict);
  const text = tower(path, "text_config", TextSchema, config.text_config, config.text_config_dict);
  const fail = (what: string): never => {
    throw new Error(`${path}: ${what}`);
  };
  if (vision.image_size % vision.patch_size !== 0) fail("vision_config.image_size: must be a multiple of patch_size");
  if (text.eos_token_id !== EOS_OF_OLD && text.eos_token_id !== eos)
    fail(`text_config.eos_token_id: is ${text.eos_token_id}, the tokenizer ends a text with ${eos}`);
  return {
    embedDim: config.projection_dim,
    vision: {
      kind: "vit",
      size: vision.image_size,
      patch: vision.patch_size,
      blocks: blocksOf(path, "vision_config", vision),
      preNorm: true,
      attentionPool: null,
      pool: "tok",
      normAfterPool: false,
    },
    text: {
      context: text.max_position_embeddings,
      vocab: text.vocab_size,
      blocks: blocksOf(path, "text_config", text),
      causal: true,
      // The first of the highest ids and the first end-of-text token are one and the same.
      pool: "argmax",
      eos: null,
      pad: null,
      projection: "matrix",
    },
  };
}

/** @throws Error for a `CLIPTextModel`: a pack has both towers, and the same tower lies whole in the CLIP it was taken from */
export async function refuseTextOnly(path: string): Promise<void> {
  const json = await readJson(path);
  const type = typeof json === "object" && json !== null && "model_type" in json ? json.model_type : undefined;
  if (type === "clip_text_model")
    throw new Error(
      `${path}: model_type: clip_text_model, as Stable Diffusion's text_encoder, is a text tower alone, and a pack has both; ` +
        "build the CLIP that it was taken from with --outputs tokens",
    );
}

/** A schema that knows its keys. */
type Keyed = v.GenericSchema & { entries: object };

function parse<S extends Keyed>(path: string, prefix: string, schema: S, json: unknown): v.InferOutput<S> {
  const known = (key: string) => key in schema.entries || !HARMLESS_KEYS.has(key);
  const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
  const stated = isObject ? Object.fromEntries(Object.entries(json).filter(([key]) => known(key))) : json;
  const parsed = v.safeParse(schema, stated);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${path}: ${prefix}${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
}

/** Where a file has `…_config_dict`, transformers completes it with defaults and lets it win, key by key. */
function tower<S extends typeof VisionSchema | typeof TextSchema>(
  path: string,
  name: string,
  schema: S,
  config: object | null | undefined,
  override: object | null | undefined,
): v.InferOutput<S> {
  const stated = parse(path, `${name}.`, schema, config ?? {});
  if (!override) return stated;
  return { ...stated, ...parse(path, `${name}_dict.`, schema, override) };
}

function blocksOf(path: string, name: string, config: Vision | Text): BlocksModel {
  const { hidden_size: width, num_attention_heads: heads } = config;
  if (width % heads !== 0) throw new Error(`${path}: ${name}.hidden_size: must be a multiple of num_attention_heads`);
  return {
    width,
    heads,
    layers: config.num_hidden_layers,
    hidden: config.intermediate_size,
    activation: ACTIVATIONS[config.hidden_act],
    epsilon: config.layer_norm_eps,
    layerScale: false,
  };
}
