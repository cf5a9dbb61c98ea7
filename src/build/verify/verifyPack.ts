// A pack as it lies on the disk: every hash, and its canary through ONNX Runtime.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { type Canary, CanarySchema } from "../../core/pack/canary.ts";
import { checkCanary } from "../../core/pack/checkCanary.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { createTokenizer } from "../../core/text/tokenizer.ts";
import { openTower, type TowerName } from "../ort.ts";
import { packHash } from "../packHash.ts";
import { type Check, verifyFiles } from "./verifyFiles.ts";

const TOWERS: readonly TowerName[] = ["vision", "text"];

/** @param tell of each check as soon as it is made */
export async function verifyPack(dir: string, manifest: Manifest, tell: (check: Check) => void): Promise<void> {
  const files = await verifyFiles(dir, manifest.files);
  for (const check of files) tell(check);
  const hash = await packHash(manifest);
  tell({
    name: "pack",
    problem: hash === manifest.pack ? undefined : `is ${hash}, pack.json says ${manifest.pack}`,
    note: manifest.pack.slice(0, 15),
  });
  const known = new Set(manifest.files.map(({ name }) => name));
  const strays = (await readdir(dir)).filter((name) => /^(?:vision|text)\./.test(name) && !known.has(name));
  for (const name of strays) tell({ name, problem: "is not of this pack", note: "" });
  // What is damaged is not run: its answer would say nothing more.
  if (files.some(({ problem }) => problem) || strays.length > 0) return;

  const canary = v.parse(CanarySchema, JSON.parse(await readFile(join(dir, "canary.json"), "utf8")));
  const tokenizer: unknown = JSON.parse(await readFile(join(dir, manifest.text.tokenizer), "utf8"));
  const ids = [...createTokenizer(tokenizer, manifest.text)(canary.text).ids];
  tell({
    name: "tokens",
    problem: ids.join() === canary.input_ids.join() ? undefined : "of the canary's text are not those of the build",
    note: JSON.stringify(canary.text),
  });
  for (const tower of TOWERS) if (known.has(`${tower}.onnx`)) tell(await runCanary(dir, { manifest, canary }, tower));
}

async function runCanary(dir: string, pack: { manifest: Manifest; canary: Canary }, tower: TowerName): Promise<Check> {
  const name = `${tower} canary`;
  const started = performance.now();
  try {
    const open = await openTower(dir, tower);
    try {
      await checkCanary(
        {
          ...pack,
          encode: ({ data, shape }) =>
            open.run(data instanceof Int32Array ? Int32Array.from(data) : Uint8Array.from(data), shape),
        },
        tower,
      );
    } finally {
      await open.release();
    }
    return {
      name,
      problem: undefined,
      note: `loaded and run in ${((performance.now() - started) / 1000).toFixed(1)} s`,
    };
  } catch (error) {
    return { name, problem: error instanceof Error ? error.message : String(error), note: "" };
  }
}
