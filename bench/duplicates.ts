// Near-duplicates: cosines of validation pictures with altered copies of themselves, and with every other picture.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { ImageMagick, MagickFormat, MagickGeometry } from "@imagemagick/magick-wasm";
import { openMagick } from "../src/build/calibrate.ts";
import { openTower } from "../src/build/ort.ts";
import { toPixels } from "../src/core/image/pixels.ts";
import { readManifest } from "../src/core/pack/readManifest.ts";
import { cosines } from "../src/core/score/cosines.ts";
import { readValidation } from "./validation.ts";

const DATA = "../shared/data";
const PICTURES = 400;
const THRESHOLDS = [0.85, 0.9, 0.95, 0.97];

type Alter = (image: Parameters<Parameters<typeof ImageMagick.read>[1]>[0]) => void;

const ALTERED: Record<string, Alter> = {
  "JPEG at quality 50": (image) => {
    image.quality = 50;
  },
  "resized to 70 %": (image) => image.resize(Math.round(image.width * 0.7), Math.round(image.height * 0.7)),
  "5 % cropped off each side": (image) => {
    const [x, y] = [Math.round(image.width * 0.05), Math.round(image.height * 0.05)];
    image.crop(new MagickGeometry(x, y, image.width - 2 * x, image.height - 2 * y));
  },
};

export async function duplicates(): Promise<void> {
  if (!existsSync(DATA)) return console.log(`skipped: there is no ${DATA}`);
  const { image, embed_dim: width } = readManifest(JSON.parse(await readFile("models/nano/pack.json", "utf8")));
  const magick = await openMagick();
  const vision = await openTower("models/nano", "vision");
  const encode = (bytes: Uint8Array) =>
    vision.run(new Uint8Array(toPixels(magick, bytes, { size: image.size }).pixels), [1, image.size, image.size, 3]);
  const altered = (bytes: Uint8Array, alter: Alter) =>
    magick.run(() =>
      ImageMagick.read(bytes, (picture) => {
        alter(picture);
        return picture.write(MagickFormat.Jpeg, (data) => data.slice());
      }),
    );

  const own = new Map<string, number[]>(Object.keys(ALTERED).map((name) => [name, []]));
  const vectors: Float32Array[] = [];
  for await (const { bytes } of readValidation(DATA)) {
    if (vectors.length >= PICTURES) break;
    const vector = await encode(bytes);
    vectors.push(vector);
    for (const [name, alter] of Object.entries(ALTERED))
      own.get(name)?.push(cosines(vector, await encode(altered(bytes, alter)))[0] ?? 0);
  }
  await vision.release();
  const rows = new Float32Array(vectors.length * width);
  for (const [row, vector] of vectors.entries()) rows.set(vector, row * width);
  const others = vectors.flatMap((vector, a) => [...cosines(vector, rows)].slice(a + 1));
  const share = (values: readonly number[], threshold: number) =>
    `${((100 * values.filter((value) => value >= threshold).length) / values.length).toFixed(2)} %`;
  console.log(`${vectors.length} pictures, ${others.length} pairs of different ones; share at or above a threshold:`);
  for (const threshold of THRESHOLDS) {
    const found = [...own].map(([name, values]) => `${name} ${share(values, threshold)}`).join(", ");
    console.log(`  ${threshold}: ${found}; different pictures ${share(others, threshold)}`);
  }
}
