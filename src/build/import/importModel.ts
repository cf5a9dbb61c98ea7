// An ONNX export -> a pack, held against the export itself, for int8 and fp16 measured against fp32.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../../core/pack/manifest.ts";
import { createTokenizer } from "../../core/text/tokenizer.ts";
import { type BuildOptions, driftOf, report, vectorsOf } from "../buildModel.ts";
import { readPictures } from "../calibrate.ts";
import { fp16 } from "../compile/fp16.ts";
import { fp32 } from "../compile/fp32.ts";
import type { Precision } from "../compile/precision.ts";
import type { Drift, Input } from "../drift.ts";
import { EDGE_SHARD_BYTES } from "../onnx/shards.ts";
import { int8 } from "../quantize/int8.ts";
import { canaryInputs, clearPack, type Description, finishPack } from "../writePack.ts";
import type { SourceTower } from "./findTower.ts";
import { importSpace } from "./importSpace.ts";
import { readTexts } from "./importTexts.ts";
import { type ImportSource, openSource } from "./openSource.ts";
import { runSource, runs } from "./runSource.ts";
import { writeImported } from "./writeImported.ts";

export interface ImportOptions
  extends Pick<
    BuildOptions,
    "id" | "outDir" | "fp32Dir" | "calibrationDir" | "source" | "allowDrift" | "texts" | "log"
  > {
  sourceDir: string;
  quantization: "fp32" | "fp16" | "int8";
  /** The trained scale, as multiplied, and bias; a split export holds neither. */
  logit: { scale: number | undefined; bias: number | undefined };
  /** Bytes of a tower in fp32 past which nothing is held against fp32. */
  wholeBytes?: number;
}

type Both<T> = Record<"image" | "text", T>;

/** ONNX Runtime takes about three times a tower's bytes to open it, of 4 GB that WASM has. */
const WHOLE_BYTES = 1e9;
/** Of unit vectors, where the same layers run in another order. */
const TOLERANCE = 1e-4;
const SHORT_TEXT = "a photo of a cat.";

/** @throws Error when the export is not understood, its repacked graph gives other vectors, or the drift is past the budget */
export async function importModel(options: ImportOptions): Promise<{ manifest: Manifest; drift?: Both<Drift> }> {
  const source = await openSource(options.sourceDir);
  try {
    const logit = trainedLogit(source, options);
    return await imported(source, logit, options);
  } finally {
    source.close();
  }
}

/** @throws Error where a score would be made of a number that nobody knows */
function trainedLogit(
  { kind }: ImportSource,
  { logit: { scale, bias } }: ImportOptions,
): { scale: number; bias: number } {
  if (kind === "siglip" && (scale === undefined || bias === undefined))
    throw new Error(
      "A SigLIP export holds neither the trained scale nor the bias of its sigmoid, and logit_scale_init_value is where " +
        "training began: say --logit-scale (as multiplied) and --logit-bias.",
    );
  if (scale === undefined)
    throw new Error("The export holds no logit scale: say --logit-scale (as multiplied; 100 for most CLIPs).");
  return { scale, bias: bias ?? 0 };
}

async function imported(source: ImportSource, logit: { scale: number; bias: number }, options: ImportOptions) {
  const { quantization, outDir, fp32Dir, calibrationDir, id, log } = options;
  const { kind, image } = source;
  const { text: told, tokenizer } = await readTexts(source);
  const pictures = calibrationDir ? await readPictures(calibrationDir, image) : [];
  log(`${source.vision.model.path} and ${source.text.model.path}: ${kind}, ${image.size} px, ${told.context} tokens`);

  const whole = Math.max(bytesOf(source.vision), bytesOf(source.text)) <= (options.wholeBytes ?? WHOLE_BYTES);
  const towers = { vision: source.vision, text: source.text };
  const write = async (dir: string, precision: Precision, shardLimit: number): Promise<string[]> => {
    await clearPack(dir);
    const names: string[] = [];
    for (const tower of ["vision", "text"] as const)
      names.push(
        ...(await writeImported(dir, tower, towers[tower], { size: image.size, norm: image }, precision, {
          shardLimit,
          pointwise: shardLimit < Number.POSITIVE_INFINITY,
        })),
      );
    return names;
  };
  const exact = quantization === "fp32" ? outDir : fp32Dir;
  const names = whole ? await write(exact, fp32(), Number.POSITIVE_INFINITY) : [];
  const probes = canaryInputs({ tokenizer }, { image, text: told });
  const short = shortened(probes.text, told.eos);
  const padded = kind === "siglip" || !whole || (await padsMatter(exact, probes.text, short));
  const text = { ...told, ...(padded && { padded }) };
  if (whole) {
    const tells = await compare(source, exact, { image: probes.image, text: padded ? probes.text : short });
    log(tells);
  } else log("too large to be opened in fp32 here: not held against the export, and the drift is not measured");

  const own = whole ? names : await write(outDir, precisionOf(quantization), limitOf(quantization));
  const [vector] = await vectorsOf("vision", whole ? exact : outDir, [probes.image]);
  const description: Description = {
    schema: 1,
    id,
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
  const finish = (dir: string, files: readonly string[], as: ImportOptions["quantization"]) =>
    finishPack(files, { tokenizer }, { dir, description, quantization: as });
  if (!whole || quantization === "fp32") {
    const manifest = await finish(outDir, own, quantization);
    report({ manifest }, options);
    return { manifest };
  }
  await finish(fp32Dir, names, "fp32");
  const manifest = await finish(
    outDir,
    await write(outDir, precisionOf(quantization), limitOf(quantization)),
    quantization,
  );
  const inputs: Both<Input[]> = {
    image:
      pictures.length > 0 ? pictures.map((data) => ({ data, dims: [1, image.size, image.size, 3] })) : [probes.image],
    text: textInputs(options.texts, tokenizer.json, text),
  };
  const drift = {
    image: await driftOf("vision", fp32Dir, outDir, inputs.image),
    text: await driftOf("text", fp32Dir, outDir, inputs.text),
  };
  await writeFile(join(outDir, "drift.json"), `${JSON.stringify(drift, null, 1)}\n`);
  report({ manifest, drift }, options);
  return { manifest, drift };
}

const precisionOf = (quantization: ImportOptions["quantization"]): Precision => {
  // No layer of an import needs a range of activations: each token has a scale of its own, convolutions stay in fp32.
  if (quantization === "int8") return int8({ pictures: 0, ranges: {} });
  return quantization === "fp16" ? fp16() : fp32();
};

const limitOf = (quantization: ImportOptions["quantization"]): number =>
  quantization === "int8" ? EDGE_SHARD_BYTES : Number.POSITIVE_INFINITY;

/** In fp32. */
function bytesOf({ model, nodes }: SourceTower): number {
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return [...model.constants].reduce(
    (sum, [name, tensor]) => (used.has(name) ? sum + tensor.dims.reduce((size, dim) => size * dim, 4) : sum),
    0,
  );
}

/** The same text, without its pads. */
function shortened({ data, dims }: Input, eos: number): Input {
  const end = data.indexOf(eos, 1) + 1;
  return end > 0 && data instanceof Int32Array ? { data: data.slice(0, end), dims: [1, end] } : { data, dims };
}

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? 0))),
    a.length === b.length ? 0 : 2,
  );

/** Whether a text that does not fill the context is another one to the tower, or none. */
async function padsMatter(dir: string, whole: Input, short: Input): Promise<boolean> {
  const [full] = await vectorsOf("text", dir, [whole]);
  const trimmed = await vectorsOf("text", dir, [short]).catch(() => []);
  return farthest(full ?? [], trimmed[0] ?? []) > TOLERANCE;
}

/** @throws Error when a repacked tower is not what it was made of, or a picture's vector depends on its neighbours */
async function compare(source: ImportSource, dir: string, probes: Both<Input>): Promise<string> {
  const told: string[] = [];
  for (const [side, tower] of [
    ["image", "vision"],
    ["text", "text"],
  ] as const) {
    const probe = probes[side];
    const [own = new Float32Array()] = await vectorsOf(tower, dir, [probe]);
    const two = await vectorsOf(tower, dir, [twice(probe)]).catch((cause: unknown) => {
      throw new Error(
        `${source[tower].model.path}: takes one input at a time, a pack any number: export it with a free batch size`,
        { cause },
      );
    });
    const alone = two[0]?.slice(0, own.length) ?? [];
    if (farthest(own, alone) > TOLERANCE)
      throw new Error(`${source[tower].model.path}: a vector depends on what else is in the batch`);
    if (!runs(source[tower])) {
      told.push(`${side} not held against the export, which takes fp16`);
      continue;
    }
    const [reference = new Float32Array()] = await runSource(source[tower], source.image, [probe]);
    const difference = farthest(own, reference);
    if (!(difference <= TOLERANCE))
      throw new Error(
        `${source[tower].model.path}: its repacked graph gives another vector (difference ${difference.toExponential(1)}): this export is not understood here`,
      );
    told.push(`${side} ${difference.toExponential(1)}`);
  }
  return `largest difference of unit vectors to the export's own: ${told.join(", ")}`;
}

function twice({ data, dims }: Input): Input {
  const both = data instanceof Uint8Array ? new Uint8Array(2 * data.length) : new Int32Array(2 * data.length);
  both.set(data);
  both.set(data, data.length);
  return { data: both, dims: [2, ...dims.slice(1)] };
}

function textInputs(texts: readonly string[], tokenizer: unknown, text: Manifest["text"]): Input[] {
  const tokenize = createTokenizer(tokenizer, text);
  return [...texts, SHORT_TEXT].map((each) => {
    const { ids, length } = tokenize(each);
    return { data: ids.slice(0, length), dims: [1, length] };
  });
}
