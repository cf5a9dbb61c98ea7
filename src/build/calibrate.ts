// Pictures for calibration, and the range that each activation of a convolutional tower takes on them.
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { HEAP_CAP } from "../core/image/limits.ts";
import { Magick } from "../core/image/magick.ts";
import { toPixels } from "../core/image/pixels.ts";
import type { Framing } from "../core/image/squares.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import { fp32 } from "./compile/fp32.ts";
import { openGraph } from "./ort.ts";
import type { Calibration } from "./quantize/calibration.ts";
import { writeTower } from "./writeTowers.ts";

const PICTURE = /\.(?:jpe?g|png|webp|gif|avif|tiff?|bmp)$/i;

let magick: Promise<Magick> | undefined;

/** The one ImageMagick of this process: the library is initialised once. */
export function openMagick(): Promise<Magick> {
  magick ??= readFile(createRequire(import.meta.url).resolve("@imagemagick/magick-wasm/magick.wasm")).then(
    async (bytes) => Magick.open(await WebAssembly.compile(bytes), HEAP_CAP),
  );
  return magick;
}

/** @returns pixels uint8 [1, S, S, 3] of every picture in the folder, by name */
export async function readPictures(dir: string, framing: Framing): Promise<Uint8Array<ArrayBuffer>[]> {
  const names = (await readdir(dir)).filter((name) => PICTURE.test(name)).sort();
  if (names.length === 0) throw new Error(`${dir}: there are no pictures in it`);
  const magick = await openMagick();
  const pictures: Uint8Array<ArrayBuffer>[] = [];
  for (const name of names) {
    try {
      pictures.push(new Uint8Array(toPixels(magick, new Uint8Array(await readFile(join(dir, name))), framing).pixels));
    } catch (cause) {
      throw new Error(`${join(dir, name)}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  }
  return pictures;
}

/** Runs the fp32 tower and watches. A Vision Transformer needs none: its scales are each token's own. @param workDir is written to */
export async function calibrate(
  checkpoint: Checkpoint,
  pictures: Uint8Array<ArrayBuffer>[],
  workDir: string,
): Promise<Calibration> {
  const ranges: Calibration["ranges"] = {};
  const { size, kind } = checkpoint.model.vision;
  if (kind === "vit") return { pictures: pictures.length, ranges };
  const keys = new Map<string, string>();
  const observing = fp32((graph, key, float) => {
    const output = `observed_${keys.size}`;
    keys.set(output, key);
    graph.output(output, float, ["N", "C", "H", "W"]);
  });
  await writeTower(workDir, "vision", checkpoint, observing, Number.POSITIVE_INFINITY);
  const tower = await openGraph(new Uint8Array(await readFile(join(workDir, "vision.onnx"))), workDir, "vision");
  for (const pixels of pictures) {
    for (const [output, values] of await tower.runAll(pixels, [1, size, size, 3])) {
      const key = keys.get(output);
      if (key === undefined) continue;
      let [low, high] = ranges[key] ?? [0, 0];
      for (const value of values) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
      ranges[key] = [low, high];
    }
  }
  await tower.release();
  return { pictures: pictures.length, ranges };
}
