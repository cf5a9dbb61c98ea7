// Writes one pack: both towers, tokenizer, canary, and the manifest that names and hashes them.
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Canary, canaryPixels } from "../core/pack/canary.ts";
import type { Manifest } from "../core/pack/manifest.ts";
import { readManifest } from "../core/pack/readManifest.ts";
import { createTokenizer } from "../core/text/tokenizer.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { Precision } from "./compile/precision.ts";
import type { Input } from "./drift.ts";
import { sha256Of } from "./hashFile.ts";
import { openTower, type TowerName } from "./ort.ts";
import { packHash } from "./packHash.ts";
import { writeTower } from "./writeTowers.ts";

const CANARY_TEXT = "a photo of a cat.";

/** What a pack says of itself, before its files are known. */
export type Description = Omit<Manifest, "files" | "pack" | "quantization">;

export interface PackOptions {
  dir: string;
  description: Description;
  quantization: Manifest["quantization"];
  precision: Precision;
  shardLimit: number;
  /** Hidden states beside the text's vector. */
  tokens: boolean;
  /** The canary's vectors, of a model that is too large to be opened whole. */
  canary?: { image: Float32Array; text: Float32Array };
}

export async function writePack(checkpoint: Checkpoint, options: PackOptions): Promise<Manifest> {
  const { dir, precision, shardLimit, tokens } = options;
  await clearPack(dir);
  const names = [
    ...(await writeTower(dir, "vision", checkpoint, precision, shardLimit)),
    ...(await writeTower(dir, "text", checkpoint, precision, shardLimit, tokens)),
  ];
  return finishPack(names, checkpoint, options);
}

/** Makes room for a pack: what another left there is no part of it. */
export async function clearPack(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) {
    if (/^(?:pack\.json|(?:vision|text)\.(?:onnx|\d+\.bin))$/.test(name)) await rm(join(dir, name));
  }
}

/** Everything of a pack but its towers. @param names the towers' files, which are there */
export async function finishPack(
  names: readonly string[],
  texts: Pick<Checkpoint, "tokenizer">,
  options: Pick<PackOptions, "dir" | "description" | "quantization" | "canary">,
): Promise<Manifest> {
  const { dir, description, quantization } = options;
  await writeFile(join(dir, "tokenizer.json"), texts.tokenizer.bytes);
  const inputs = canaryInputs(texts, description);
  const canary: Canary = {
    text: CANARY_TEXT,
    input_ids: [...inputs.text.data],
    image_vector: rounded(options.canary?.image ?? (await encode(dir, "vision", inputs.image))),
    text_vector: rounded(options.canary?.text ?? (await encode(dir, "text", inputs.text))),
  };
  await writeFile(join(dir, "canary.json"), `${JSON.stringify(canary)}\n`);
  const files: Manifest["files"] = [];
  for (const name of [...names, "tokenizer.json", "canary.json"]) {
    const path = join(dir, name);
    files.push({ name, bytes: (await stat(path)).size, sha256: `sha256:${await sha256Of(path)}` });
  }
  const unnamed = readManifest({ ...description, quantization, files, pack: `sha256:${"0".repeat(64)}` });
  const manifest = { ...unnamed, pack: await packHash(unnamed) };
  await writeFile(join(dir, "pack.json"), `${JSON.stringify(manifest, null, 1)}\n`);
  return manifest;
}

/** What a canary asks of both towers. */
export function canaryInputs(
  { tokenizer }: Pick<Checkpoint, "tokenizer">,
  { image, text }: Pick<Description, "image" | "text">,
): { image: Input; text: Input } {
  const ids = createTokenizer(tokenizer.json, text)(CANARY_TEXT).ids;
  return {
    image: { data: new Uint8Array(canaryPixels(image.size)), dims: [1, image.size, image.size, 3] },
    text: { data: ids, dims: [1, ids.length] },
  };
}

async function encode(dir: string, name: TowerName, { data, dims }: Input): Promise<Float32Array> {
  const tower = await openTower(dir, name);
  const vector = await tower.run(data, dims);
  await tower.release();
  return vector;
}

const rounded = (vector: Float32Array) => Array.from(vector, (value) => Number(value.toFixed(7)));
