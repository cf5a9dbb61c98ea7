// open_clip_config.json: what the compiler understands of it. An option it does not know is refused, never ignored.
import { readFile } from "node:fs/promises";
import * as v from "valibot";

const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1_000_000));
const triple = v.tuple([v.number(), v.number(), v.number()]);

/** OpenAI's constants: https://github.com/mlfoundations/open_clip/blob/main/src/open_clip/constants.py */
const OPENAI_MEAN: [number, number, number] = [0.48145466, 0.4578275, 0.40821073];
const OPENAI_STD: [number, number, number] = [0.26862954, 0.26130258, 0.27577711];

const VisionSchema = v.strictObject({
  image_size: positive,
  width: positive,
  /** A number for a Vision Transformer, blocks of the four stages for a ModifiedResNet. */
  layers: v.union([positive, v.tuple([positive, positive, positive, positive])]),
  patch_size: v.optional(positive),
  head_width: v.optional(positive, 64),
  mlp_ratio: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(64)), 4),
  /** Only while training. */
  patch_dropout: v.optional(v.number()),
  pool_type: v.optional(v.literal("tok"), "tok"),
});

const TextSchema = v.strictObject({
  context_length: v.pipe(positive, v.minValue(3)),
  vocab_size: positive,
  width: positive,
  heads: positive,
  layers: positive,
  mlp_ratio: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(64)), 4),
  pool_type: v.optional(v.literal("argmax"), "argmax"),
});

const ModelSchema = v.strictObject({
  embed_dim: positive,
  quick_gelu: v.optional(v.boolean(), false),
  /** Start values of training. */
  init_logit_scale: v.optional(v.number()),
  init_logit_bias: v.optional(v.nullable(v.number())),
  vision_cfg: VisionSchema,
  text_cfg: TextSchema,
});

const PreprocessSchema = v.object({
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
});

const ConfigSchema = v.object({ model_cfg: ModelSchema, preprocess_cfg: v.optional(PreprocessSchema, {}) });

export type Config = v.InferOutput<typeof ConfigSchema>;
export type VisionConfig = v.InferOutput<typeof VisionSchema>;
export type TextConfig = v.InferOutput<typeof TextSchema>;

/** @throws Error `<path>: <field>: <what>` */
export async function readConfig(path: string): Promise<Config> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new Error(`${path}: cannot be read as JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const parsed = v.safeParse(ConfigSchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new Error(`${path}: ${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
  }
  const { vision_cfg: vision, text_cfg: text } = parsed.output.model_cfg;
  const fail = (what: string): never => {
    throw new Error(`${path}: model_cfg.${what}`);
  };
  if (text.width % text.heads !== 0) fail("text_cfg.width: must be a multiple of heads");
  if (typeof vision.layers === "number") {
    if (vision.patch_size === undefined) fail("vision_cfg.patch_size: is missing");
    if (vision.image_size % (vision.patch_size ?? 1) !== 0)
      fail("vision_cfg.image_size: must be a multiple of patch_size");
    if (vision.width % vision.head_width !== 0) fail("vision_cfg.width: must be a multiple of head_width");
  } else {
    if (vision.image_size % 32 !== 0) fail("vision_cfg.image_size: must be a multiple of 32 for a ModifiedResNet");
    if (vision.width % 2 !== 0 || (vision.width * 32) % vision.head_width !== 0)
      fail("vision_cfg.width: does not fit head_width");
  }
  return parsed.output;
}
