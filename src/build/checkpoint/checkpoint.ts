// A checkpoint folder of either layout, as the compiler takes it: what it computes, its tensors, its tokenizer.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../core/pack/manifest.ts";
import { openHuggingFace } from "./huggingFace.ts";
import type { TokenizerFile } from "./huggingFaceTokenizer.ts";
import type { Model, Preprocess } from "./model.ts";
import { OPEN_CLIP_WEIGHTS, openOpenClip } from "./openClip.ts";
import type { TensorSource } from "./tensorSource.ts";
import { hasWeights } from "./weights.ts";

export interface Checkpoint {
  model: Model;
  preprocess: Preprocess;
  /** By OpenCLIP's names, which are the canonical ones. */
  tensors: TensorSource;
  /** The bytes of tokenizer.json, and what they say. */
  tokenizer: TokenizerFile;
  special: { bos: number; eos: number; pad: number };
  /** How a text is cleaned before its tokenizer. */
  clean: Manifest["text"]["clean"];
}

/** @throws Error naming the file and field that is wrong */
export async function openCheckpoint(dir: string): Promise<Checkpoint> {
  const [openClip, huggingFace] = ["open_clip_config.json", "config.json"].map((name) => existsSync(join(dir, name)));
  // Folders of the hub often hold both, and a download perhaps the weights of one.
  if (openClip && (!huggingFace || (await hasWeights(dir, OPEN_CLIP_WEIGHTS)))) return openOpenClip(dir);
  if (huggingFace) return openHuggingFace(dir);
  throw new Error(
    `${dir}: there is neither open_clip_config.json (OpenCLIP) nor config.json (a Hugging Face CLIPModel)`,
  );
}
