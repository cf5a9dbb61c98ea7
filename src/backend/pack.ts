// A pack on disk: found by folder or id, and believed only when every file is the one that was built.
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import * as v from "valibot";
import { packDirs } from "../build/models/packDir.ts";
import { type Canary, CanarySchema } from "../core/pack/canary.ts";
import { isInteger, type Manifest, type TowerName } from "../core/pack/manifest.ts";
import { readManifest } from "../core/pack/readManifest.ts";

/** @param pack a folder with pack.json, or an id. @param gpu take one that a GPU can run, where there is one */
export async function findPack(pack: string, gpu: boolean): Promise<string> {
  const found = packDirs(pack);
  const [first] = found;
  if (!first)
    throw new Error(`There is no pack ${pack}: no folder of that name with a pack.json, and none of that id.`);
  if (!gpu) return first;
  for (const dir of found) if (!isInteger((await manifestOf(dir)).quantization)) return dir;
  return first;
}

const manifestOf = async (dir: string): Promise<Manifest> =>
  readManifest(JSON.parse(await readFile(join(dir, "pack.json"), "utf8")));

export interface Pack {
  dir: string;
  manifest: Manifest;
  canary: Canary;
  towers: TowerName[];
}

export async function openPack(dir: string): Promise<Pack> {
  const manifest = await manifestOf(dir);
  for (const { name, sha256, bytes } of manifest.files) {
    const hash = createHash("sha256");
    const path = join(dir, name);
    if (!existsSync(path)) throw new Error(`${path} is missing.`);
    const stream = createReadStream(path, { highWaterMark: 2 ** 20 });
    // Streamed: a tower of billions of parameters does not fit a buffer.
    await pipeline(stream, hash);
    if (stream.bytesRead !== bytes || `sha256:${hash.digest("hex")}` !== sha256)
      throw new Error(`${path} is not the file that was built.`);
  }
  const canary = v.parse(CanarySchema, JSON.parse(await readFile(join(dir, "canary.json"), "utf8")));
  const towers = (["vision", "text"] as const).filter((tower) =>
    manifest.files.some(({ name }) => name === `${tower}.onnx`),
  );
  return { dir, manifest, canary, towers };
}
