// Finds the weights of a checkpoint folder: one safetensors file, shards with their index, or what torch.save wrote.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openPytorch } from "./pytorch/pytorch.ts";
import { Safetensors } from "./safetensors.ts";
import { openSharded } from "./sharded.ts";
import type { TensorSource } from "./tensorSource.ts";

const INDEX = ".index.json";

export interface WeightFiles {
  /** Taken first, in this order; `<name>.index.json` beside or instead of one names shards. */
  safetensors: readonly string[];
  pickled: readonly string[];
  /** Training output, its number in a group: the highest is taken where nothing else is there. */
  epochs?: RegExp;
}

async function findWeights(dir: string, { safetensors, pickled, epochs }: WeightFiles): Promise<string | undefined> {
  const names = [...safetensors.flatMap((name) => [name, `${name}${INDEX}`]), ...pickled];
  return names.find((name) => existsSync(join(dir, name))) ?? (epochs && (await latest(dir, epochs)));
}

export const hasWeights = async (dir: string, files: WeightFiles): Promise<boolean> =>
  (await findWeights(dir, files)) !== undefined;

/** @throws Error naming what was looked for */
export async function openWeights(dir: string, files: WeightFiles): Promise<TensorSource> {
  const name = await findWeights(dir, files);
  if (name === undefined) {
    const looked = [...files.safetensors.flatMap((each) => [each, `${each}${INDEX}`]), ...files.pickled];
    throw new Error(`${dir}: there is no ${looked.join(", ")}${files.epochs ? ", epoch_N.pt" : ""}`);
  }
  const path = join(dir, name);
  if (name.endsWith(INDEX)) return openSharded(path);
  return files.safetensors.includes(name) ? Safetensors.open(path) : openPytorch(path);
}

async function latest(dir: string, epochs: RegExp): Promise<string | undefined> {
  const numbered = (await readdir(dir)).flatMap((name) => {
    const number = epochs.exec(name)?.[1];
    return number === undefined ? [] : [{ name, number: Number(number) }];
  });
  return numbered.sort((a, b) => b.number - a.number)[0]?.name;
}
