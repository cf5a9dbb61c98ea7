// A folder with an ONNX export, of either layout: transformers.js' (Xenova, onnx-community, Marqo) or immich-app's.
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Manifest } from "../../core/pack/manifest.ts";
import { readJson } from "../checkpoint/readJson.ts";
import { openOnnx } from "../onnx/decode.ts";
import { findTower, type SourceTower } from "./findTower.ts";
import { type Kind, readHuggingFaceImage, readOpenClipImage } from "./preprocessor.ts";

export interface ImportSource {
  kind: Kind;
  vision: SourceTower;
  text: SourceTower;
  image: Manifest["image"];
  /** Where the tokenizer's files lie. */
  tokenizerDir: string;
  /** Tokens of a text as the configuration says. */
  context: number | undefined;
  openClip: boolean;
  close(): void;
}

const context = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(3), v.maxValue(4096)));
/** Of transformers' configurations only what the graph does not say: it is the mathematics. */
const HuggingFaceSchema = v.object({
  model_type: v.string(),
  text_config: v.optional(v.object({ max_position_embeddings: context })),
});
const OpenClipSchema = v.object({
  init_logit_bias: v.optional(v.nullable(v.number())),
  vision_cfg: v.object({}),
  text_cfg: v.object({ context_length: context }),
});

const KINDS: Record<string, Kind> = { clip: "clip", siglip: "siglip", siglip2: "siglip" };
const CONTEXTS: Record<Kind, number> = { clip: 77, siglip: 64 };

/** The most exact first. */
const PRECISIONS = ["", "_fp16"] as const;

/** @throws Error naming the file and field that is wrong */
export async function openSource(dir: string): Promise<ImportSource> {
  const immich = ["visual", "textual"].map((name) => join(dir, name, "model.onnx"));
  if (immich.every((path) => existsSync(path))) return openImmich(dir, immich);
  const onnx = existsSync(join(dir, "onnx")) ? join(dir, "onnx") : dir;
  const file = (names: readonly string[]) => names.map((name) => join(onnx, name)).find((path) => existsSync(path));
  const vision = file(PRECISIONS.flatMap((suffix) => [`vision_model${suffix}.onnx`, `model${suffix}.onnx`]));
  const text = file(PRECISIONS.flatMap((suffix) => [`text_model${suffix}.onnx`, `model${suffix}.onnx`]));
  if (!vision || !text)
    throw new Error(
      `${dir}: there is neither onnx/vision_model.onnx with onnx/text_model.onnx, onnx/model.onnx, nor visual/model.onnx with textual/model.onnx`,
    );
  const path = join(dir, "config.json");
  const config = await read(path, HuggingFaceSchema);
  const kind = KINDS[config.model_type];
  if (!kind)
    throw new Error(
      `${path}: model_type: is ${config.model_type}; imported are ${Object.keys(KINDS).join(", ")}, whose texts and scores are known`,
    );
  return opened(kind, vision, text, {
    image: await readHuggingFaceImage(join(dir, "preprocessor_config.json"), kind),
    tokenizerDir: dir,
    context: config.text_config ? (config.text_config.max_position_embeddings ?? CONTEXTS[kind]) : undefined,
    openClip: false,
  });
}

async function openImmich(dir: string, [vision = "", text = ""]: string[]): Promise<ImportSource> {
  const { init_logit_bias: bias, text_cfg } = await read(join(dir, "config.json"), OpenClipSchema);
  // What training began with says which loss it was, and not where it ended.
  const kind = bias === undefined || bias === null ? "clip" : "siglip";
  return opened(kind, vision, text, {
    image: await readOpenClipImage(join(dir, "visual", "preprocess_cfg.json")),
    tokenizerDir: join(dir, "textual"),
    context: text_cfg.context_length ?? CONTEXTS.clip,
    openClip: true,
  });
}

function opened(
  kind: Kind,
  visionPath: string,
  textPath: string,
  rest: Pick<ImportSource, "image" | "tokenizerDir" | "context" | "openClip">,
): ImportSource {
  const models: { close(): void }[] = [];
  const open = (path: string) => {
    const model = openOnnx(path);
    models.push(model);
    return model;
  };
  const close = () => {
    for (const model of models) model.close();
  };
  try {
    const vision = findTower(open(visionPath), "vision", kind === "clip");
    const text = findTower(open(textPath), "text", kind === "clip");
    const [, channels, height, width] = vision.input.dims;
    const { size } = rest.image;
    if ((channels ?? 3) !== 3 || (height ?? size) !== size || (width ?? size) !== size)
      throw new Error(
        `${visionPath}: ${vision.input.name} is [${vision.input.dims}], its pictures are said to have ${size} px`,
      );
    return { kind, vision, text, ...rest, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function read<S extends v.GenericSchema>(path: string, schema: S): Promise<v.InferOutput<S>> {
  const parsed = v.safeParse(schema, await readJson(path));
  if (parsed.success) return parsed.output;
  throw new Error(`${path}: ${v.getDotPath(parsed.issues[0]) ?? "document"}: ${parsed.issues[0].message}`);
}
