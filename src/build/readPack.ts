// The manifest of a pack folder.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../core/pack/manifest.ts";
import { readManifest } from "../core/pack/readManifest.ts";

/** @throws Error when there is none, Problem `pack_corrupt` naming the field that is wrong */
export async function readPack(dir: string): Promise<Manifest> {
  const path = join(dir, "pack.json");
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new Error(`${path} is not there: ${dir} is no pack; npm run models -- build makes one`, { cause });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path}: not JSON`, { cause });
  }
  return readManifest(json);
}
