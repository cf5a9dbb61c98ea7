// open_clip_config.json: what the compiler understands of it. An option it does not know is refused, never ignored.
// Defaults: https://github.com/mlfoundations/open_clip/blob/main/src/open_clip/model.py
import * as v from "valibot";
import type { ActivationName, BlocksModel, Model, Preprocess, TextModel } from "./model.ts";
import { readJson } from "./readJson.ts";

const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1_000_000));
const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const triple = v.tuple([v.number(), v.number(), v.number()]);
const ratio = v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(64)), 4);
const off = v.optional(v.literal(false), false);

/** OpenAI's constants: https://github.com/mlfoundations/open_clip/blob/main/src/open_clip/constants.py */
export const OPENAI_MEAN: [number, number, number] = [0.48145466, 0.4578275, 0.40821073];
export const OPENAI_STD: [number, number, number] = [0.26862954, 0.26130258, 0.27577711];

/** PyTorch's default. */
const EPSILON = 1e-5;

/** What both towers' blocks may say of themselves. Custom attention is refused by the name that switches it on. */
const blockOptions = {
  mlp_ratio: ratio,
  ls_init_value: v.optional(v.nullable(v.number()), null),
  act_kwargs: v.optional(
    v.nullable(v.strictObject({ approximate: v.optional(v.picklist(["none", "tanh"]), "none") })),
    null,
  ),
  norm_kwargs: v.optional(
    v.nullable(v.strictObject({ eps: v.optional(v.pipe(v.number(), v.minValue(0)), EPSILON) })),
    null,
  ),
  block_type: v.optional(v.nullable(v.literal("default"))),
  qk_norm: off,
  scaled_cosine_attn: off,
  scale_heads: off,
  scale_attn_inner: off,
  scale_attn: off,
  scale_fc: off,
  /** Whether the reference also returns tokens; the vector is the same. */
  output_tokens: v.optional(v.boolean()),
};

const VisionSchema = v.strictObject({
  ...blockOptions,
  image_size: positive,
  width: positive,
  /** A number for a Vision Transformer, blocks of the four stages for a ModifiedResNet. */
  layers: v.union([positive, v.tuple([positive, positive, positive, positive])]),
  patch_size: v.optional(v.nullable(positive), null),
  head_width: v.optional(positive, 64),
  /** Only while training. */
  patch_dropout: v.optional(v.number()),
  attentional_pool: v.optional(v.boolean(), false),
  attn_pooler_queries: v.optional(positive, 256),
  attn_pooler_heads: v.optional(positive, 8),
  no_ln_pre: v.optional(v.boolean(), false),
  final_ln_after_pool: v.optional(v.boolean(), false),
  /** Either kind is a tensor in the file. */
  pos_embed_type: v.optional(v.picklist(["learnable", "sin_cos_2d"])),
  pool_type: v.optional(v.picklist(["tok", "avg"]), "tok"),
});

const TextSchema = v.strictObject({
  ...blockOptions,
  context_length: v.optional(v.pipe(positive, v.minValue(3)), 77),
  vocab_size: v.optional(positive, 49408),
  width: v.optional(positive, 512),
  heads: v.optional(positive, 8),
  layers: v.optional(positive, 12),
  embed_cls: v.optional(v.boolean(), false),
  pad_id: v.optional(id, 0),
  eos_id: v.optional(id, 2),
  no_causal_mask: v.optional(v.boolean(), false),
  pool_type: v.optional(v.picklist(["argmax", "eos", "first", "last"]), "argmax"),
  proj_type: v.optional(v.picklist(["linear", "none"]), "linear"),
  proj_bias: v.optional(v.boolean(), false),
  /** The reference ignores it for a text transformer. */
  final_ln_after_pool: off,
});

const ModelSchema = v.strictObject({
  embed_dim: positive,
  quick_gelu: v.optional(v.boolean(), false),
  /** Whether the text tower's tensors are named `text.…`. */
  custom_text: v.optional(v.boolean()),
  /** CoCa's caption decoder, which no vector comes from. */
  multimodal_cfg: v.optional(v.looseObject({})),
  /** Start values of training. */
  init_logit_scale: v.optional(v.number()),
  init_logit_bias: v.optional(v.nullable(v.number())),
  nonscalar_logit_scale: v.optional(v.boolean()),
  vision_cfg: VisionSchema,
  text_cfg: TextSchema,
});

const PreprocessSchema = v.strictObject({
  size: v.optional(v.union([positive, v.tuple([positive, positive])])),
  mode: v.optional(v.literal("RGB")),
  mean: v.optional(triple, OPENAI_MEAN),
  std: v.optional(
    v.pipe(
      triple,
      v.everyItem((value) => value > 0, "must be above 0"),
    ),
    OPENAI_STD,
  ),
  interpolation: v.optional(v.literal("bicubic"), "bicubic"),
  resize_mode: v.optional(v.literal("shortest"), "shortest"),
  /** Only where a picture is padded, which `shortest` never does. */
  fill_color: v.optional(v.number()),
});

const ConfigSchema = v.looseObject({ model_cfg: ModelSchema, preprocess_cfg: v.optional(PreprocessSchema, {}) });

type Config = v.InferOutput<typeof ConfigSchema>;
type Vision = v.InferOutput<typeof VisionSchema>;
type Text = v.InferOutput<typeof TextSchema>;

/** @throws Error `<path>: <field>: <what>` */
export async function readOpenClipConfig(path: string): Promise<{ model: Model; preprocess: Preprocess }> {
  const parsed = v.safeParse(ConfigSchema, await readJson(path));
  if (!parsed.success) {
    // An option that is not understood explains what is missing besides, as `timm_model_name` does.
    const issue = parsed.issues.find(({ expected }) => expected === "never") ?? parsed.issues[0];
    throw new Error(`${path}: ${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
  }
  try {
    return normalized(parsed.output);
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

function normalized({ model_cfg: config, preprocess_cfg: preprocess }: Config): {
  model: Model;
  preprocess: Preprocess;
} {
  const { vision_cfg: vision, text_cfg: text, embed_dim: embedDim, quick_gelu: quickGelu } = config;
  const { size = vision.image_size, mean, std, resize_mode: resize, interpolation } = preprocess;
  check(
    [size].flat().every((each) => each === vision.image_size),
    "preprocess_cfg.size: is not model_cfg.vision_cfg.image_size",
  );
  return {
    model: { embedDim, vision: visionOf(vision, embedDim, quickGelu), text: textOf(text, embedDim, quickGelu) },
    preprocess: { mean, std, resize, interpolation },
  };
}

function blocksOf(
  config: Pick<Vision | Text, "width" | "mlp_ratio" | "ls_init_value" | "act_kwargs" | "norm_kwargs">,
  heads: number,
  layers: number,
  quickGelu: boolean,
): BlocksModel {
  const { width, mlp_ratio: mlpRatio, ls_init_value: scale, act_kwargs: act, norm_kwargs: norm } = config;
  const gelu: ActivationName = act?.approximate === "tanh" ? "gelu_tanh" : "gelu";
  return {
    width,
    heads,
    layers,
    hidden: Math.trunc(width * mlpRatio),
    activation: quickGelu ? "quick_gelu" : gelu,
    epsilon: norm?.eps ?? EPSILON,
    layerScale: scale !== null,
  };
}

function visionOf(config: Vision, embedDim: number, quickGelu: boolean): Model["vision"] {
  const { image_size: size, width, layers, patch_size: patch, head_width: headWidth } = config;
  const field = (what: string) => `model_cfg.vision_cfg.${what}`;
  if (typeof layers !== "number") {
    check(size % 32 === 0, field("image_size: must be a multiple of 32 for a ModifiedResNet"));
    check(width % 2 === 0 && (width * 32) % headWidth === 0, field("width: does not fit head_width"));
    return { kind: "resnet", size, width, stages: layers, heads: (width * 32) / headWidth };
  }
  if (patch === null) throw new Error(field("patch_size: is missing"));
  check(size % patch === 0, field("image_size: must be a multiple of patch_size"));
  check(width % headWidth === 0, field("width: must be a multiple of head_width"));
  const { attentional_pool: pooler, attn_pooler_heads: heads, attn_pooler_queries: queries, pool_type: pool } = config;
  check(!pooler || embedDim % heads === 0, field("attn_pooler_heads: must divide embed_dim"));
  check(!pooler || pool === "tok" || queries > 1, field("attn_pooler_queries: must be above 1 for pool_type avg"));
  return {
    kind: "vit",
    size,
    patch,
    blocks: blocksOf(config, width / headWidth, layers, quickGelu),
    preNorm: !config.no_ln_pre,
    attentionPool: pooler ? { heads, queries } : null,
    pool,
    // The reference leaves the switch unread under an attentional pooler; for one token the order means nothing.
    normAfterPool: config.final_ln_after_pool && pool === "avg" && !pooler,
  };
}

function textOf(config: Text, embedDim: number, quickGelu: boolean): TextModel {
  const { context_length: context, vocab_size: vocab, width, heads, embed_cls: classToken, pool_type: pool } = config;
  const field = (what: string) => `model_cfg.text_cfg.${what}`;
  check(width % heads === 0, field("width: must be a multiple of heads"));
  check(config.proj_type !== "none" || width === embedDim, field("proj_type: without one, width must be embed_dim"));
  const projection = config.proj_bias ? "linear" : "matrix";
  return {
    context,
    vocab,
    blocks: blocksOf(config, heads, config.layers, quickGelu),
    causal: !config.no_causal_mask,
    pool: classToken ? "class_token" : pool,
    eos: !classToken && pool === "eos" ? config.eos_id : null,
    pad: classToken ? config.pad_id : null,
    projection: config.proj_type === "none" ? "none" : projection,
  };
}
