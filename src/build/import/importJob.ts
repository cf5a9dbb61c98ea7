// What both ways of importing begin with: texts, pictures, probes, and what pack.json says.
import type { Manifest } from "../../core/pack/manifest.ts";
import { createTokenizer } from "../../core/text/tokenizer.ts";
import { readPictures } from "../calibrate.ts";
import type { TokenizerFile } from "../checkpoint/huggingFaceTokenizer.ts";
import { fp16 } from "../compile/fp16.ts";
import { fp32 } from "../compile/fp32.ts";
import type { Precision } from "../compile/precision.ts";
import type { Input } from "../drift.ts";
import { int4 } from "../quantize/int4.ts";
import { int8 } from "../quantize/int8.ts";
import { canaryInputs, type Description } from "../writePack.ts";
import type { ImportOptions } from "./importOptions.ts";
import { importSpace } from "./importSpace.ts";
import { readTexts } from "./importTexts.ts";
import type { ImportSource } from "./openSource.ts";
import type { ImportedImage } from "./writeImported.ts";

export type Both<T> = Record<"image" | "text", T>;

export interface ImportJob {
  source: ImportSource;
  options: ImportOptions;
  logit: { scale: number; bias: number };
  text: Manifest["text"];
  tokenizer: TokenizerFile;
  image: ImportedImage;
  /** uint8 [1, S, S, 3] each */
  pictures: Uint8Array<ArrayBuffer>[];
  /** A picture, and a text that fills the context. */
  probes: Both<Input>;
  /** The probe's text without its pads. */
  short: Input;
}

const SHORT_TEXT = "a photo of a cat.";

export async function importJob(
  source: ImportSource,
  logit: ImportJob["logit"],
  options: ImportOptions,
): Promise<ImportJob> {
  const { image } = source;
  const { text, tokenizer } = await readTexts(source);
  const pictures = options.calibrationDir ? await readPictures(options.calibrationDir, image) : [];
  const probes = canaryInputs({ tokenizer }, { image, text });
  return {
    ...{ source, options, logit, text, tokenizer, pictures, probes },
    image: { size: image.size, norm: image },
    short: shortened(probes.text, text.eos),
  };
}

/** @param padded whether pads reach the vector. @param vector a picture's */
export function describeImport(
  { source, options, logit, text: told, tokenizer }: ImportJob,
  padded: boolean,
  vector: Float32Array | undefined,
): Description {
  const { kind, image } = source;
  const text = { ...told, ...(padded && { padded }) };
  return {
    schema: 1,
    id: options.id,
    family: "open_clip",
    source: options.source,
    image,
    text,
    embed_dim: vector?.length ?? 0,
    ...(kind === "siglip" && { scores: "sigmoid" as const }),
    logit_scale: logit.scale,
    logit_bias: logit.bias,
    space: importSpace([source.vision, source.text], { image, text }, tokenizer.json),
  };
}

/** What the drift is measured on. */
export function pictureInputs({ pictures, probes, image: { size } }: ImportJob): Input[] {
  return pictures.length > 0 ? pictures.map((data) => ({ data, dims: [1, size, size, 3] })) : [probes.image];
}

export function textInputs({ options, tokenizer }: ImportJob, text: Manifest["text"]): Input[] {
  const tokenize = createTokenizer(tokenizer.json, text);
  return [...options.texts, SHORT_TEXT].map((each) => {
    const { ids, length } = tokenize(each);
    return { data: ids.slice(0, length), dims: [1, length] };
  });
}

/** @param finer layers that an int8 pack keeps in fp32, an int4 one in int8 */
export function precisionOf(quantization: Manifest["quantization"], finer: ReadonlySet<string> = new Set()): Precision {
  if (quantization === "int4") return int4(finer);
  // No layer of an import needs a range of activations: each token has a scale of its own, convolutions stay in fp32.
  if (quantization === "int8") return int8({ pictures: 0, ranges: {} }, { float: finer });
  return quantization === "fp16" ? fp16() : fp32();
}

/** The same text, without its pads. */
function shortened({ data, dims }: Input, eos: number): Input {
  const end = data.indexOf(eos, 1) + 1;
  return end > 0 && data instanceof Int32Array ? { data: data.slice(0, end), dims: [1, end] } : { data, dims };
}
