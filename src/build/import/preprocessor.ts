// How an export wants its pictures: transformers' preprocessor_config.json or OpenCLIP's preprocess_cfg.json. A key that is not
// known is refused by name, as is what the image Worker does not do.
// https://github.com/huggingface/transformers/blob/main/src/transformers/models/siglip/image_processing_siglip.py
import * as v from "valibot";
import type { Manifest } from "../../core/pack/manifest.ts";
import { OPENAI_MEAN, OPENAI_STD } from "../checkpoint/openClipConfig.ts";
import { readJson } from "../checkpoint/readJson.ts";

/** Softmax over labels behind a projection, or the sigmoid loss. */
export type Kind = "clip" | "siglip";

type Image = Manifest["image"];
type Triple = [number, number, number];

const HALF: Triple = [0.5, 0.5, 0.5];
const PIL = { 2: "bilinear", 3: "bicubic" } as const;

const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1024));
const triple = v.tuple([v.number(), v.number(), v.number()]);
const deviation = v.pipe(
  triple,
  v.everyItem((value) => value > 0, "must be above 0"),
);
const on = v.optional(v.literal(true));
const ignored = v.optional(v.unknown());
const square = v.pipe(
  v.strictObject({ height: positive, width: positive }),
  v.check(({ height, width }) => height === width, "height and width must be equal"),
  v.transform(({ height }) => height),
);

const HuggingFaceSchema = v.strictObject({
  do_resize: on,
  do_rescale: on,
  do_convert_rgb: v.optional(v.nullable(v.literal(true))),
  do_center_crop: v.optional(v.nullable(v.boolean())),
  do_normalize: v.optional(v.boolean(), true),
  do_pad: v.optional(v.nullable(v.literal(false))),
  resample: v.optional(v.picklist([2, 3]), 3),
  rescale_factor: v.optional(
    v.pipe(
      v.number(),
      v.check((value) => Math.abs(value * 255 - 1) < 1e-6, "must be 1/255"),
    ),
  ),
  size: v.union([positive, square, v.strictObject({ shortest_edge: positive })]),
  crop_size: v.optional(v.nullable(v.union([positive, square]))),
  image_mean: v.optional(triple),
  image_std: v.optional(deviation),
  image_processor_type: ignored,
  feature_extractor_type: ignored,
  processor_class: ignored,
  _valid_processor_keys: ignored,
  auto_map: ignored,
  data_format: ignored,
  return_tensors: ignored,
  device: ignored,
  input_data_format: ignored,
  disable_grouping: ignored,
  default_to_square: ignored,
});

const OpenClipSchema = v.strictObject({
  size: v.union([positive, v.tuple([positive, positive])]),
  mode: v.optional(v.literal("RGB")),
  mean: v.optional(triple, OPENAI_MEAN),
  std: v.optional(deviation, OPENAI_STD),
  interpolation: v.optional(v.picklist(["bicubic", "bilinear"]), "bicubic"),
  resize_mode: v.optional(v.picklist(["shortest", "squash"]), "shortest"),
  /** Only where a picture is padded, which neither of these does. */
  fill_color: ignored,
});

/** @throws Error `<path>: <field>: <what>` */
function parse<S extends v.GenericSchema>(path: string, schema: S, json: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const unknown = issue.expected === "never" ? "is not known, and may change what is computed" : issue.message;
  throw new Error(`${path}: ${v.getDotPath(issue) ?? "document"}: ${unknown}`);
}

/** @throws Error naming file and field */
export async function readHuggingFaceImage(path: string, kind: Kind): Promise<Image> {
  const config = parse(path, HuggingFaceSchema, await readJson(path));
  const { size, crop_size: crop, do_normalize: normalize, resample } = config;
  const [mean, std]: [Triple, Triple] = kind === "clip" ? [OPENAI_MEAN, OPENAI_STD] : [HALF, HALF];
  const cropped = config.do_center_crop ?? kind === "clip";
  const shortest = typeof size === "object" ? size.shortest_edge : kind === "clip" ? size : undefined;
  if (shortest !== undefined && !cropped)
    throw new Error(`${path}: do_center_crop: without it pictures are no squares`);
  const edge = typeof size === "object" ? size.shortest_edge : size;
  if (cropped && crop !== undefined && crop !== null && crop !== edge)
    throw new Error(
      `${path}: crop_size: is ${crop}, size ${edge}: a resize to another size than the crop's is not done here`,
    );
  return {
    size: edge,
    mean: normalize ? (config.image_mean ?? mean) : [0, 0, 0],
    std: normalize ? (config.image_std ?? std) : [1, 1, 1],
    resize: shortest === undefined ? "squash" : "shortest",
    crop: "center",
    interpolation: PIL[resample],
  };
}

/** @throws Error naming file and field */
export async function readOpenClipImage(path: string): Promise<Image> {
  const { size, mean, std, interpolation, resize_mode: resize } = parse(path, OpenClipSchema, await readJson(path));
  const [edge = 0, other = edge] = [size].flat();
  if (edge !== other) throw new Error(`${path}: size: height and width must be equal`);
  return { size: edge, mean, std, resize, crop: "center", interpolation };
}
