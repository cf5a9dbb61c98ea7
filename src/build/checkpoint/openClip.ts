// An OpenCLIP checkpoint folder: configuration, tensors, tokenizer.
import { join } from "node:path";
import type { Checkpoint } from "./checkpoint.ts";
import { readTokenizer } from "./huggingFaceTokenizer.ts";
import { readOpenClipConfig } from "./openClipConfig.ts";
import { openClipNames } from "./openClipNames.ts";
import { renamed } from "./renamed.ts";
import { specialTokens } from "./specialTokens.ts";
import { openWeights, type WeightFiles } from "./weights.ts";

export const OPEN_CLIP_WEIGHTS: WeightFiles = {
  safetensors: ["open_clip_model.safetensors"],
  pickled: ["open_clip_pytorch_model.bin"],
  epochs: /^epoch_(\d+)\.pt$/,
};

/** @throws Error naming the file and field that is wrong */
export async function openOpenClip(dir: string): Promise<Checkpoint> {
  const { model, preprocess } = await readOpenClipConfig(join(dir, "open_clip_config.json"));
  const tokenizer = await readTokenizer(join(dir, "tokenizer.json"));
  const special = specialTokens(tokenizer.json, model.text.vocab);
  const source = await openWeights(dir, OPEN_CLIP_WEIGHTS);
  return {
    model,
    preprocess,
    tensors: renamed(source, openClipNames(source.names)),
    tokenizer,
    special,
    clean: "open_clip",
  };
}
