// Checkpoint -> fp32 pack, int8 pack, and the drift between them.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../core/pack/manifest.ts";
import { createTokenizer } from "../core/text/tokenizer.ts";
import { calibrate, readPictures } from "./calibrate.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint/checkpoint.ts";
import { padsMatter, type TextModel } from "./checkpoint/model.ts";
import { scalar } from "./checkpoint/tensorSource.ts";
import { fp32 } from "./compile/fp32.ts";
import { DRIFT_BUDGET, type Drift, measureDrift, withinBudget } from "./drift.ts";
import { EDGE_SHARD_BYTES } from "./onnx/shards.ts";
import { openTower } from "./ort.ts";
import { int8 } from "./quantize/int8.ts";
import { spaceOf } from "./space.ts";
import { type Description, writePack } from "./writePack.ts";

export interface BuildOptions {
  checkpointDir: string;
  id: string;
  /** Where the int8 pack goes. */
  outDir: string;
  /** Where the fp32 pack goes. */
  fp32Dir: string;
  /** A folder of pictures like those that will be asked about. */
  calibrationDir: string;
  source: Manifest["source"];
  /** A model for trying out, not one to moderate with. */
  demo: boolean;
  allowDrift: boolean;
  /** Hidden states beside the text's vector, as Stable Diffusion conditions on. */
  tokens: boolean;
  /** Texts whose drift is measured. */
  texts: string[];
  log: (line: string) => void;
}

/** @param tokens whether hidden states are outputs, those of pads among them */
function poolingOf(text: TextModel, tokens: boolean): Pick<Manifest["text"], "pooling" | "padded"> {
  const pooling = text.pool === "argmax" || text.pool === "eos" ? "eot" : text.pool;
  return { pooling, ...((tokens || padsMatter(text)) && { padded: true }) };
}

function describe(checkpoint: Checkpoint, { id, source, demo, tokens }: BuildOptions): Description {
  const { model, preprocess, tensors, special, clean } = checkpoint;
  const image: Manifest["image"] = {
    size: model.vision.size,
    mean: preprocess.mean,
    std: preprocess.std,
    resize: preprocess.resize,
    crop: "center",
    interpolation: preprocess.interpolation,
  };
  return {
    schema: 1,
    id,
    family: "open_clip",
    source,
    image,
    text: {
      context: model.text.context,
      vocab: model.text.vocab,
      ...special,
      ...poolingOf(model.text, tokens),
      tokenizer: "tokenizer.json",
      clean,
    },
    embed_dim: model.embedDim,
    ...(demo && { demo }),
    // The trained one; a configuration only knows where training started.
    logit_scale: Math.exp(scalar(tensors, "logit_scale") ?? 0),
    logit_bias: scalar(tensors, "logit_bias") ?? 0,
    space: spaceOf(checkpoint, image),
  };
}

/** @throws Error when the drift is past the budget and not allowed; the packs are left where they are */
export async function buildModel(
  options: BuildOptions,
): Promise<{ manifest: Manifest; drift: { image: Drift; text: Drift } }> {
  const { outDir, fp32Dir, log } = options;
  const checkpoint = await openCheckpoint(options.checkpointDir);
  try {
    const description = describe(checkpoint, options);
    const { size } = description.image;
    const pictures = await readPictures(options.calibrationDir, size);
    log(`${pictures.length} calibration pictures of ${size} px`);

    const workDir = join(fp32Dir, "calibration");
    await mkdir(workDir, { recursive: true });
    const calibration = await calibrate(checkpoint, pictures, workDir);
    await rm(workDir, { recursive: true });
    log(`${Object.keys(calibration.ranges).length} activations calibrated`);

    await writePack(checkpoint, {
      dir: fp32Dir,
      description,
      quantization: "fp32",
      precision: fp32(),
      shardLimit: Number.POSITIVE_INFINITY,
      tokens: options.tokens,
    });
    const manifest = await writePack(checkpoint, {
      dir: outDir,
      description,
      quantization: "int8",
      precision: int8(calibration),
      shardLimit: EDGE_SHARD_BYTES,
      tokens: options.tokens,
    });
    await writeFile(join(outDir, "calibration.json"), `${JSON.stringify(calibration, null, 1)}\n`);

    const tokenize = createTokenizer(checkpoint.tokenizer.json, description.text);
    const drift = {
      image: await driftOf(
        "vision",
        fp32Dir,
        outDir,
        pictures.map((data) => ({ data, dims: [1, size, size, 3] })),
      ),
      text: await driftOf(
        "text",
        fp32Dir,
        outDir,
        options.texts.map(tokenize).map(({ ids, length }) => ({ data: ids.slice(0, length), dims: [1, length] })),
      ),
    };
    await writeFile(join(outDir, "drift.json"), `${JSON.stringify(drift, null, 1)}\n`);
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    log(
      `${outDir}: ${(bytes / 1e6).toFixed(2)} MB, space ${manifest.space.slice(7, 15)}, pack ${manifest.pack.slice(7, 15)}`,
    );
    for (const [side, { count, cosine_mean, cosine_worst }] of Object.entries(drift)) {
      log(`drift of ${count} ${side} vectors against fp32: cosine mean ${cosine_mean}, worst ${cosine_worst}`);
    }
    if (!options.allowDrift && !(withinBudget(drift.image) && withinBudget(drift.text))) {
      throw new Error(
        `The drift is past the budget (mean ${DRIFT_BUDGET.mean}, worst ${DRIFT_BUDGET.worst}); --allow-drift keeps the pack.`,
      );
    }
    return { manifest, drift };
  } finally {
    checkpoint.tensors.close();
  }
}

async function driftOf(
  tower: "vision" | "text",
  fp32Dir: string,
  outDir: string,
  inputs: Parameters<typeof measureDrift>[2],
): Promise<Drift> {
  const [reference, quantized] = [await openTower(fp32Dir, tower), await openTower(outDir, tower)];
  const drift = await measureDrift(reference, quantized, inputs);
  await Promise.all([reference.release(), quantized.release()]);
  return drift;
}
