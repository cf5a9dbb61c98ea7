// An OpenCLIP checkpoint folder: configuration, tensors, tokenizer.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Config, readConfig } from "./config.ts";
import { Safetensors } from "./safetensors.ts";

export interface Checkpoint {
  config: Config;
  tensors: Safetensors;
  /** The bytes of tokenizer.json, and what they say. */
  tokenizer: { bytes: Uint8Array; json: unknown };
}

/** Kept in the file by some trainers; says nothing about the model. */
const NOT_WEIGHTS = /(?:num_batches_tracked|attn_mask)$/;

/** @throws Error naming the file and field that is wrong */
export async function openCheckpoint(dir: string): Promise<Checkpoint> {
  const config = await readConfig(join(dir, "open_clip_config.json"));
  const bytes = new Uint8Array(await readFile(join(dir, "tokenizer.json")));
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new Error(`${join(dir, "tokenizer.json")}: not JSON`, { cause });
  }
  return { config, tensors: Safetensors.open(join(dir, "open_clip_model.safetensors")), tokenizer: { bytes, json } };
}

/** Names of the tensors that make the model, sorted. */
export const weightNames = (tensors: Safetensors): string[] =>
  tensors.names.filter((name) => tensors.isFloat(name) && !NOT_WEIGHTS.test(name)).sort();
