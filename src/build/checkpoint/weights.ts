// Finds the weights of a checkpoint folder: one safetensors file, or shards with their index.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Safetensors } from "./safetensors.ts";
import { openSharded } from "./sharded.ts";
import type { TensorSource } from "./tensorSource.ts";

/**
 * @param names of a safetensors file, the first that exists is taken; `<name>.index.json` beside or instead of it names shards
 * @throws Error naming what was looked for
 */
export async function openWeights(dir: string, names: readonly string[]): Promise<TensorSource> {
  for (const name of names) {
    const path = join(dir, name);
    if (existsSync(path)) return Safetensors.open(path);
    if (existsSync(`${path}.index.json`)) return openSharded(`${path}.index.json`);
  }
  throw new Error(`${dir}: there is no ${names.map((name) => `${name}, ${name}.index.json`).join(", ")}`);
}
