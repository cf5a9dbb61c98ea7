// Safetensors in shards, told apart by an index: {"weight_map": {"<tensor>": "<file>"}}.
// The format: https://huggingface.co/docs/safetensors (metadata parsing, sharded files)
import { dirname, join } from "node:path";
import * as v from "valibot";
import { readJson } from "./readJson.ts";
import { Safetensors } from "./safetensors.ts";
import type { TensorSource } from "./tensorSource.ts";

/** A file beside the index, never a path. */
const FILE = /^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/;
const IndexSchema = v.object({ weight_map: v.record(v.string(), v.pipe(v.string(), v.regex(FILE))) });

/** @throws Error naming the index or shard that is wrong, and a tensor that its shard lacks */
export async function openSharded(path: string): Promise<TensorSource> {
  const parsed = v.safeParse(IndexSchema, await readJson(path));
  if (!parsed.success)
    throw new Error(`${path}: ${v.getDotPath(parsed.issues[0]) ?? "document"}: ${parsed.issues[0].message}`);
  const { weight_map: map } = parsed.output;
  const shards = new Map<string, Safetensors>();
  const close = () => {
    for (const shard of shards.values()) shard.close();
  };
  const where = new Map<string, Safetensors>();
  try {
    for (const [name, file] of Object.entries(map)) {
      const shard = shards.get(file) ?? Safetensors.open(join(dirname(path), file));
      shards.set(file, shard);
      if (!shard.has(name)) throw new Error(`${path}: weight_map.${name}: ${file} does not have it`);
      where.set(name, shard);
    }
  } catch (error) {
    close();
    throw error;
  }
  const holder = (name: string): Safetensors => {
    const shard = where.get(name);
    if (!shard) throw new Error(`${path}: there is no tensor ${name}`);
    return shard;
  };
  return {
    names: [...where.keys()],
    has: (name) => where.has(name),
    shape: (name) => holder(name).shape(name),
    isFloat: (name) => holder(name).isFloat(name),
    read: (name, shape) => holder(name).read(name, shape),
    close,
  };
}
