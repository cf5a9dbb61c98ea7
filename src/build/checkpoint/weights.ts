// Finds the weights of a checkpoint folder: one safetensors file, shards with their index, or what torch.save wrote.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openPytorch } from "./pytorch/pytorch.ts";
import { Safetensors } from "./safetensors.ts";
import { openSharded } from "./sharded.ts";
import type { TensorSource } from "./tensorSource.ts";

export interface WeightFiles {
  /** Taken first, in this order; `<name>.index.json` beside or instead of one names shards. */
  safetensors: readonly string[];
  pickled: readonly string[];
  /** Training output, its number in a group: the highest is taken where nothing else is there. */
  epochs?: RegExp;
}

/** @throws Error naming what was looked for */
export async function openWeights(dir: string, { safetensors, pickled, epochs }: WeightFiles): Promise<TensorSource> {
  for (const name of safetensors) {
    const path = join(dir, name);
    if (existsSync(path)) return Safetensors.open(path);
    if (existsSync(`${path}.index.json`)) return openSharded(`${path}.index.json`);
  }
  const [pickle] = pickled.filter((name) => existsSync(join(dir, name)));
  const last = pickle ?? (epochs && (await latest(dir, epochs)));
  if (last) return openPytorch(join(dir, last));
  const looked = [...safetensors.flatMap((name) => [name, `${name}.index.json`]), ...pickled];
  throw new Error(`${dir}: there is no ${looked.join(", ")}${epochs ? ", epoch_N.pt" : ""}`);
}

async function latest(dir: string, epochs: RegExp): Promise<string | undefined> {
  const numbered = (await readdir(dir)).flatMap((name) => {
    const number = epochs.exec(name)?.[1];
    return number === undefined ? [] : [{ name, number: Number(number) }];
  });
  return numbered.sort((a, b) => b.number - a.number)[0]?.name;
}
