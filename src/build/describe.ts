// What pack.json says of a checkpoint, before there are files.
import type { Manifest } from "../core/pack/manifest.ts";
import type { BuildOptions } from "./buildModel.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import { padsMatter, type TextModel } from "./checkpoint/model.ts";
import { scalar } from "./checkpoint/tensorSource.ts";
import { spaceOf } from "./space.ts";
import type { Description } from "./writePack.ts";

/** @param tokens whether hidden states are outputs, those of pads among them */
function poolingOf(text: TextModel, tokens: boolean): Pick<Manifest["text"], "pooling" | "padded"> {
  const pooling = text.pool === "argmax" || text.pool === "eos" ? "eot" : text.pool;
  return { pooling, ...((tokens || padsMatter(text)) && { padded: true }) };
}

export function describe(
  checkpoint: Checkpoint,
  { id, source, demo, tokens }: Pick<BuildOptions, "id" | "source" | "demo" | "tokens">,
): Description {
  const { model, preprocess, tensors, special, clean } = checkpoint;
  const image: Manifest["image"] = {
    size: model.vision.size,
    mean: preprocess.mean,
    std: preprocess.std,
    resize: preprocess.resize,
    crop: "center",
    interpolation: preprocess.interpolation,
  };
  const logitScale = scalar(tensors, "logit_scale");
  if (logitScale === undefined) throw new Error("the weights lack logit_scale");
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
    logit_scale: Math.exp(logitScale),
    logit_bias: scalar(tensors, "logit_bias") ?? 0,
    space: spaceOf(checkpoint, image),
  };
}
