// Writes one pack: both towers, tokenizer, canary, and the manifest that names and hashes them.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../core/hash.ts";
import { type Canary, canaryPixels } from "../core/pack/canary.ts";
import type { Manifest } from "../core/pack/manifest.ts";
import { readManifest } from "../core/pack/readManifest.ts";
import { createTokenizer } from "../core/text/tokenizer.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { Precision } from "./compile/precision.ts";
import { openTower } from "./ort.ts";
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
}

export async function writePack(checkpoint: Checkpoint, options: PackOptions): Promise<Manifest> {
  const { dir, description, quantization, precision, shardLimit, tokens } = options;
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) {
    if (/^(?:pack\.json|(?:vision|text)\.(?:onnx|\d+\.bin))$/.test(name)) await rm(join(dir, name));
  }
  const names = [
    ...(await writeTower(dir, "vision", checkpoint, precision, shardLimit)),
    ...(await writeTower(dir, "text", checkpoint, precision, shardLimit, tokens)),
  ];
  await writeFile(join(dir, "tokenizer.json"), checkpoint.tokenizer.bytes);
  await writeFile(join(dir, "canary.json"), `${JSON.stringify(await makeCanary(dir, checkpoint, description))}\n`);
  const files = await Promise.all(
    [...names, "tokenizer.json", "canary.json"].map(async (name) => {
      const bytes = new Uint8Array(await readFile(join(dir, name)));
      return { name, bytes: bytes.byteLength, sha256: await sha256(bytes) };
    }),
  );
  const unnamed = readManifest({ ...description, quantization, files, pack: `sha256:${"0".repeat(64)}` });
  const manifest = { ...unnamed, pack: await packHash(unnamed) };
  await writeFile(join(dir, "pack.json"), `${JSON.stringify(manifest, null, 1)}\n`);
  return manifest;
}

async function makeCanary(dir: string, { tokenizer }: Checkpoint, { image, text }: Description): Promise<Canary> {
  const ids = createTokenizer(tokenizer.json, text)(CANARY_TEXT).ids;
  const vision = await openTower(dir, "vision");
  const imageVector = await vision.run(new Uint8Array(canaryPixels(image.size)), [1, image.size, image.size, 3]);
  await vision.release();
  const words = await openTower(dir, "text");
  const textVector = await words.run(ids, [1, ids.length]);
  await words.release();
  const rounded = (vector: Float32Array) => Array.from(vector, (value) => Number(value.toFixed(7)));
  return {
    text: CANARY_TEXT,
    input_ids: [...ids],
    image_vector: rounded(imageVector),
    text_vector: rounded(textVector),
  };
}
