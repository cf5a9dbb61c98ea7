// Checkpoint -> a pack, measured against fp32 where it is another; one for the edge is brought back into the drift budget.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isInteger, type Manifest } from "../core/pack/manifest.ts";
import { createTokenizer } from "../core/text/tokenizer.ts";
import { calibrate, readPictures } from "./calibrate.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint/checkpoint.ts";
import { fp16 } from "./compile/fp16.ts";
import { fp32 } from "./compile/fp32.ts";
import { describe } from "./describe.ts";
import { type Drift, type Input, withinBudget } from "./drift.ts";
import { checkTensors } from "./expectedTensors.ts";
import { measureStaged } from "./measureStaged.ts";
import { EDGE_SHARD_BYTES } from "./onnx/shards.ts";
import type { TowerName } from "./ort.ts";
import { pastBudget } from "./pastBudget.ts";
import { ofCheckpoint } from "./quantize/adjustable.ts";
import { FINER_SHARE, holdDrift } from "./quantize/holdDrift.ts";
import { int4 } from "./quantize/int4.ts";
import { int8 } from "./quantize/int8.ts";
import type { ObservedLayer } from "./quantize/observeLayers.ts";
import { smoothed } from "./quantize/smoothed.ts";
import { driftOf } from "./vectorsOf.ts";
import { canaryInputs, type PackOptions, writePack } from "./writePack.ts";

export interface BuildOptions {
  checkpointDir: string;
  id: string;
  quantization: Manifest["quantization"];
  /** Where the pack goes. */
  outDir: string;
  /** Where the fp32 pack goes that others are measured against; none is written of a model too large to be opened whole. */
  fp32Dir: string;
  /** A folder of pictures like those that will be asked about; int8 and int4 need one. */
  calibrationDir: string | undefined;
  source: Manifest["source"];
  /** A model for trying out, not one to moderate with. */
  demo: boolean;
  allowDrift: boolean;
  /** Hidden states beside the text's vector, as Stable Diffusion conditions on. */
  tokens: boolean;
  /** Texts whose drift is measured. */
  texts: string[];
  /** Bytes of a tower in fp32 past which it is never opened whole. */
  wholeBytes?: number;
  log: (line: string) => void;
}

interface Both<T> {
  image: T;
  text: T;
}

const SIDES: readonly ["image" | "text", TowerName][] = [
  ["image", "vision"],
  ["text", "text"],
];

/** Opening a tower takes about three times its bytes; the whole build stays under 2 GB. */
export const WHOLE_BYTES = 450e6;

/** @throws Error when the drift is past the budget and not allowed; the packs are left where they are */
export async function buildModel(options: BuildOptions): Promise<{ manifest: Manifest; drift?: Both<Drift> }> {
  const { wholeBytes = WHOLE_BYTES } = options;
  const checkpoint = await openCheckpoint(options.checkpointDir);
  const workDir = await mkdtemp(join(tmpdir(), "edgeclip-build-"));
  try {
    checkTensors(checkpoint);
    if (options.quantization === "int4" && checkpoint.model.vision.kind === "resnet")
      throw new Error(
        "--quant int4: the image tower is convolutional, and ONNX Runtime has no convolution in 4 bits; int8 is for it",
      );
    const large = largestTower(checkpoint) > wholeBytes;
    const built = await (large ? buildStaged : buildWhole)(checkpoint, options, workDir);
    report(built, options);
    return built;
  } finally {
    checkpoint.tensors.close();
    await rm(workDir, { recursive: true });
  }
}

/** What both ways of building begin with. */
async function prepare(checkpoint: Checkpoint, options: BuildOptions, workDir: string) {
  const { quantization, calibrationDir, outDir, tokens, log } = options;
  const description = describe(checkpoint, options);
  const { size } = description.image;
  const pictures = calibrationDir ? await readPictures(calibrationDir, description.image) : [];
  log(`${pictures.length} calibration pictures of ${size} px`);
  const calibration = quantization === "int8" ? await calibrate(checkpoint, pictures, workDir) : undefined;
  const floats = quantization === "fp16" ? fp16() : fp32();
  const make = (finer: ReadonlySet<string>) => {
    if (quantization === "int4") return int4(finer);
    return calibration ? int8(calibration, { float: finer }) : floats;
  };
  const edge = isInteger(quantization);
  const pack: PackOptions = {
    dir: outDir,
    description,
    quantization,
    precision: make(new Set()),
    shardLimit: edge ? EDGE_SHARD_BYTES : Number.POSITIVE_INFINITY,
    tokens,
  };
  const canary = canaryInputs(checkpoint, description);
  const tokenize = createTokenizer(checkpoint.tokenizer.json, description.text);
  const inputs: Both<Input[]> = {
    image: pictures.length > 0 ? pictures.map((data) => ({ data, dims: [1, size, size, 3] })) : [canary.image],
    text: options.texts.map(tokenize).map(({ ids, length }) => ({ data: ids.slice(0, length), dims: [1, length] })),
  };
  return { pack, make, edge, calibration, canary, inputs };
}

async function buildWhole(checkpoint: Checkpoint, options: BuildOptions, workDir: string) {
  const { pack, make, edge, calibration, inputs } = await prepare(checkpoint, options, workDir);
  let manifest = await writePack(checkpoint, pack);
  if (pack.quantization === "fp32") return { manifest };
  const { outDir, fp32Dir } = options;
  await writePack(checkpoint, {
    ...{ ...pack, dir: fp32Dir, quantization: "fp32", precision: fp32() },
    shardLimit: Number.POSITIVE_INFINITY,
  });
  const measure = async () => ({
    image: await driftOf("vision", fp32Dir, outDir, inputs.image),
    text: await driftOf("text", fp32Dir, outDir, inputs.text),
  });
  let drift = await measure();
  if (edge && !(withinBudget(drift.image) && withinBudget(drift.text))) {
    options.log("past the drift budget: moving outliers, then keeping the most sensitive layers finer");
    const adjusted: NonNullable<Manifest["adjusted"]> = { migrated: [], finer: [] };
    let { tensors } = checkpoint;
    const divided = new Map<string, ObservedLayer>();
    for (const [side, tower] of SIDES) {
      if (withinBudget(drift[side])) continue;
      const share = FINER_SHARE[pack.quantization === "int4" ? "int4" : "int8"];
      const own = { inputs: inputs[side], make, share, workDir, log: options.log };
      const held = await holdDrift(ofCheckpoint({ ...checkpoint, tensors }, tower), own);
      tensors = held.source.tensors;
      for (const [name, layer] of held.source.divided) divided.set(name, layer);
      if (held.migrated) adjusted.migrated.push(tower);
      adjusted.finer.push(...held.finer);
    }
    if (adjusted.migrated.length + adjusted.finer.length > 0) {
      const precision = smoothed(make(new Set(adjusted.finer)), divided);
      const description = { ...pack.description, adjusted };
      manifest = await writePack({ ...checkpoint, tensors }, { ...pack, precision, description });
      drift = await measure();
    }
  }
  if (calibration) await writeJson(outDir, "calibration.json", calibration);
  await writeJson(outDir, "drift.json", drift);
  return { manifest, drift };
}

/** A model of any size, in the memory of its largest stage. */
async function buildStaged(checkpoint: Checkpoint, options: BuildOptions, workDir: string) {
  options.log("too large to be opened whole: measured stage by stage, on a few inputs");
  const { pack, calibration, canary, inputs } = await prepare(checkpoint, options, workDir);
  const exact = pack.quantization === "fp32";
  const of = (side: "image" | "text") => ({ canary: canary[side], inputs: inputs[side], exact });
  const image = await measureStaged(checkpoint, "vision", pack.precision, of("image"), workDir);
  const text = await measureStaged(checkpoint, "text", pack.precision, of("text"), workDir);
  const description = { ...pack.description, ...(!exact && { drift: "staged" as const }) };
  const canaries = { image: image.vector, text: text.vector };
  const manifest = await writePack(checkpoint, { ...pack, description, canary: canaries });
  if (calibration) await writeJson(options.outDir, "calibration.json", calibration);
  if (!image.drift || !text.drift) return { manifest };
  const drift = { image: image.drift, text: text.drift };
  await writeJson(options.outDir, "drift.json", drift);
  return { manifest, drift };
}

const writeJson = (dir: string, name: string, value: object) =>
  writeFile(join(dir, name), `${JSON.stringify(value, null, 1)}\n`);

/** @returns bytes in fp32 */
function largestTower({ tensors }: Checkpoint): number {
  const sums = { vision: 0, text: 0 };
  for (const name of tensors.names)
    sums[name.startsWith("visual.") ? "vision" : "text"] += tensors.shape(name).reduce((size, dim) => size * dim, 4);
  return Math.max(sums.vision, sums.text);
}

/** @throws Error when the drift is past the budget and not allowed */
export function report(
  { manifest, drift }: { manifest: Manifest; drift?: Both<Drift> },
  options: Pick<BuildOptions, "outDir" | "allowDrift" | "log">,
): void {
  const { outDir, allowDrift, log } = options;
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const [space, pack] = [manifest.space.slice(7, 15), manifest.pack.slice(7, 15)];
  log(`${outDir}: ${manifest.quantization}, ${(bytes / 1e6).toFixed(2)} MB, space ${space}, pack ${pack}`);
  if (!drift) return;
  for (const [side, { count, cosine_mean, cosine_worst }] of Object.entries(drift)) {
    log(`drift of ${count} ${side} vectors against fp32: cosine mean ${cosine_mean}, worst ${cosine_worst}`);
  }
  const past = allowDrift ? undefined : pastBudget(manifest, drift);
  if (past) throw new Error(past);
}
