// The schema of pack.json: everything a deployment must know about a model, and the hash of every file it ships.
import * as v from "valibot";

const sha256 = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));
const triple = v.tuple([v.number(), v.number(), v.number()]);
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const id = v.pipe(v.number(), v.integer(), v.minValue(0));

const FileSchema = v.object({
  /** File name inside the pack directory, never a path. */
  name: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/)),
  bytes: positive,
  sha256,
});

/** Pack manifest. Its `space` says what the numbers mean, its `pack` which files compute them. */
export const ManifestSchema = v.object({
  schema: v.literal(1),
  id: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/)),
  family: v.picklist(["open_clip"]),
  source: v.object({ repo: v.string(), revision: v.string(), licence: v.string() }),
  image: v.object({
    size: positive,
    mean: triple,
    std: triple,
    /** The shorter side to S, then the crop; or the whole picture to S x S, where the crop takes nothing away. */
    resize: v.picklist(["shortest", "squash"]),
    crop: v.picklist(["center"]),
    interpolation: v.picklist(["bicubic", "bilinear"]),
  }),
  text: v.object({
    context: positive,
    vocab: positive,
    /** Ids of the special tokens; `pad` fills up behind the end-of-text token. */
    /** None where a text has only an end. */
    bos: v.nullable(id),
    eos: id,
    pad: id,
    /** Which token becomes the vector: the end of the text, the first or last place, or a token that the tower adds itself. */
    pooling: v.picklist(["eot", "first", "last", "class_token"]),
    /** Pads reach the vector, so a text always fills the context. Without it, ids behind the end may be cut. */
    padded: v.optional(v.boolean()),
    /** `deploy`: its tokenizer and table are too large for the edge, where banks are asked with and no free texts. */
    tower: v.optional(v.picklist(["edge", "deploy"])),
    tokenizer: v.literal("tokenizer.json"),
    /** Clean-up before tokenizing: open_clip's (ftfy, HTML unescape), Hugging Face's (NFC, in tokenizer.json itself), SigLIP's, or none. */
    clean: v.picklist(["open_clip", "hugging_face", "canonicalize", "none"]),
  }),
  embed_dim: positive,
  /** A model for trying out: moderation warns of it, and a deployment refuses it as a moderator. */
  demo: v.optional(v.boolean()),
  /** How scores come of logits: softmax over all labels, or, for models trained with the sigmoid loss, each label by itself. */
  scores: v.optional(v.picklist(["softmax", "sigmoid"])),
  /** As multiplied with the cosine, not its logarithm. */
  logit_scale: v.pipe(v.number(), v.minValue(0)),
  logit_bias: v.number(),
  quantization: v.picklist(["fp32", "fp16", "int8", "int4"]),
  /** `staged`: too large to be opened whole, so that its drift was measured stage by stage, on a few inputs. */
  drift: v.optional(v.literal("staged")),
  /** What it took to hold the drift budget; absent where plain quantization does. */
  adjusted: v.optional(
    v.object({
      /** Towers whose activation outliers were moved into the weights behind them. */
      migrated: v.array(v.picklist(["vision", "text"])),
      /** Layers in a finer format, the most sensitive first: fp32 in an int8 pack, int8 in an int4 one. */
      finer: v.array(v.string()),
    }),
  ),
  space: sha256,
  pack: sha256,
  files: v.array(FileSchema),
});

export type Manifest = v.InferOutput<typeof ManifestSchema>;
export type TowerName = "vision" | "text";
export type PackFile = v.InferOutput<typeof FileSchema>;

/** Whether its layers compute on integers, for which ONNX Runtime has no CUDA kernels: int4 keeps int8 where blocks do not fit. */
export const isInteger = (quantization: Manifest["quantization"]): boolean =>
  quantization === "int8" || quantization === "int4";

/** External-data shards of a tower in load order, e.g. `vision.0.bin`, `vision.1.bin`. */
export const shardsOf = (manifest: Manifest, tower: TowerName): PackFile[] =>
  manifest.files
    .filter((file) => file.name.startsWith(`${tower}.`) && file.name.endsWith(".bin"))
    .sort((a, b) => Number(a.name.split(".")[1]) - Number(b.name.split(".")[1]));
