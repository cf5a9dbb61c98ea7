// A pack on disk: found by folder or id, and believed only when every file is the one that was built.
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import * as v from "valibot";
import { type Canary, CanarySchema } from "../core/pack/canary.ts";
import type { Manifest, TowerName } from "../core/pack/manifest.ts";
import { readManifest } from "../core/pack/readManifest.ts";

const FLOAT = [".edgeclip/fp16", ".edgeclip/fp32"];
const INT8 = ["models"];

/** @param pack a folder with pack.json, or an id. @param gpu prefer packs that a GPU can run */
export function findPack(pack: string, gpu: boolean): string {
  const named = [...(gpu ? [...FLOAT, ...INT8] : [...INT8, ...FLOAT])].map((dir) => join(dir, pack));
  const candidates = /^[a-z0-9][a-z0-9._-]*$/.test(pack) ? [...named, pack] : [pack];
  const found = candidates.find((dir) => existsSync(join(dir, "pack.json")));
  if (!found) throw new Error(`There is no pack.json in ${candidates.join(", ")}.`);
  return found;
}

export interface Pack {
  dir: string;
  manifest: Manifest;
  canary: Canary;
  towers: TowerName[];
}

export async function openPack(dir: string): Promise<Pack> {
  const manifest = readManifest(JSON.parse(await readFile(join(dir, "pack.json"), "utf8")));
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
