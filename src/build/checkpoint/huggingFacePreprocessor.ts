// preprocessor_config.json of a Hugging Face CLIP: how a picture is brought to the model's size. What the compiled graph
// and the image Worker do not do is refused by name.
// Defaults: https://github.com/huggingface/transformers/blob/main/src/transformers/models/clip/image_processing_clip.py
import { existsSync } from "node:fs";
import * as v from "valibot";
import type { Preprocess } from "./model.ts";
import { OPENAI_MEAN, OPENAI_STD } from "./openClipConfig.ts";
import { readJson } from "./readJson.ts";

const BICUBIC = 3;

const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const triple = v.tuple([v.number(), v.number(), v.number()]);
const on = v.optional(v.literal(true));
const square = v.union([
  positive,
  v.pipe(
    v.strictObject({ height: positive, width: positive }),
    v.check(({ height, width }) => height === width, "height and width must be equal"),
    v.transform(({ height }) => height),
  ),
]);

const ProcessorSchema = v.object({
  do_resize: on,
  do_center_crop: on,
  do_rescale: on,
  do_normalize: on,
  do_convert_rgb: on,
  rescale_factor: v.optional(
    v.pipe(
      v.number(),
      v.check((value) => Math.abs(value * 255 - 1) < 1e-6, "must be 1/255"),
    ),
  ),
  resample: v.optional(v.literal(BICUBIC)),
  size: v.optional(
    v.union([
      positive,
      v.pipe(
        v.strictObject({ shortest_edge: positive }),
        v.transform((size) => size.shortest_edge),
      ),
    ]),
  ),
  crop_size: v.optional(square),
  image_mean: v.optional(triple, OPENAI_MEAN),
  image_std: v.optional(
    v.pipe(
      triple,
      v.everyItem((value) => value > 0, "must be above 0"),
    ),
    OPENAI_STD,
  ),
});

/**
 * @param size of the model's pictures
 * @throws Error `<path>: <field>: <what>`
 */
export async function readPreprocessor(path: string, size: number): Promise<Preprocess> {
  const parsed = v.safeParse(ProcessorSchema, existsSync(path) ? await readJson(path) : {});
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new Error(`${path}: ${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
  }
  const { size: edge = size, crop_size: crop = size, image_mean: mean, image_std: std } = parsed.output;
  if (edge !== size) throw new Error(`${path}: size: is ${edge}, the model's image_size ${size}`);
  if (crop !== size) throw new Error(`${path}: crop_size: is ${crop}, the model's image_size ${size}`);
  return { mean, std, resize: "shortest", interpolation: "bicubic" };
}
