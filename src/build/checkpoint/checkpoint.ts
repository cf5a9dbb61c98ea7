// A checkpoint folder of either layout, as the compiler takes it: what it computes, its tensors, its tokenizer.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../core/pack/manifest.ts";
import { openHuggingFace } from "./huggingFace.ts";
import type { TokenizerFile } from "./huggingFaceTokenizer.ts";
import type { Model, Preprocess } from "./model.ts";
import { openOpenClip } from "./openClip.ts";
import type { TensorSource } from "./tensorSource.ts";

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
  if (existsSync(join(dir, "open_clip_config.json"))) return openOpenClip(dir);
  if (existsSync(join(dir, "config.json"))) return openHuggingFace(dir);
  throw new Error(
    `${dir}: there is neither open_clip_config.json (OpenCLIP) nor config.json (a Hugging Face CLIPModel)`,
  );
}
