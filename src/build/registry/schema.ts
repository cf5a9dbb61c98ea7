// The schema of models/registry.json: what is known of each model before anything is downloaded, and who published it.
import * as v from "valibot";

const id = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/));
const text = v.pipe(v.string(), v.nonEmpty());
const positive = v.pipe(v.number(), v.gtValue(0));
const size = v.pipe(positive, v.integer());
const percent = v.pipe(v.number(), v.minValue(0), v.maxValue(100));
/** A path inside a repository of the hub: never absolute, never out of it. */
const file = v.pipe(v.string(), v.regex(/^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/));

const RecallSchema = v.strictObject({
  /** Recall at 1 in percent: the picture found by its caption, and a caption found by its picture. */
  image_r1: percent,
  text_r1: percent,
  source: text,
});

const ModelSchema = v.strictObject({
  id,
  title: text,
  /** What makes a pack of it: `models build` for checkpoints, `models import` for ONNX exports. */
  command: v.picklist(["build", "import"]),
  /** On the hub, `<owner>/<name>`. */
  repo: v.pipe(v.string(), v.regex(/^[\w-][\w.-]*\/[\w-][\w.-]*$/)),
  revision: text,
  layout: text,
  licence: v.strictObject({ id: text, commercial: v.boolean(), source: text }),
  image_size: size,
  embed_dim: size,
  /** Millions of parameters of each tower, embedding tables included. */
  params: v.strictObject({ vision: positive, text: positive, source: text }),
  /** `deploy`: its tokenizer is not for the edge, so texts are encoded when labels are built. */
  text_tower: v.optional(v.picklist(["edge", "deploy"]), "edge"),
  /** The trained scale (as multiplied) and bias, which a split ONNX export does not hold. */
  logit: v.optional(v.strictObject({ scale: positive, bias: v.number(), source: text })),
  /** Zero-shot, percent. Absent: not published with this checkpoint. */
  imagenet: v.optional(v.strictObject({ top1: percent, source: text })),
  coco: v.optional(RecallSchema),
  flickr30k: v.optional(RecallSchema),
});

export const RegistrySchema = v.strictObject({
  schema: v.literal(1),
  sources: v.record(v.string(), v.strictObject({ title: text, url: v.pipe(v.string(), v.url()) })),
  /** Which files make a checkpoint: all of `files`; of each list of `one_of` the first whose files are all there. */
  layouts: v.record(
    v.string(),
    v.strictObject({
      files: v.array(file),
      one_of: v.array(v.array(v.array(file))),
      optional: v.array(file),
    }),
  ),
  models: v.array(ModelSchema),
});

export type Registry = v.InferOutput<typeof RegistrySchema>;
export type KnownModel = Registry["models"][number];
export type Layout = Registry["layouts"][string];
