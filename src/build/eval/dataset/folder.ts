// A folder of class folders, `<folder>/<class>/…/<picture>`, as ImageNet and torchvision have it.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PICTURE, type Sample } from "./sample.ts";

/** @throws Error when there is no picture in any class folder */
export async function readFolder(dir: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  const classes = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  for (const { name: label } of classes.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const names = (await readdir(join(dir, label), { recursive: true })).filter((name) => PICTURE.test(name)).sort();
    for (const name of names) {
      const path = join(dir, label, name);
      const read = async () => new Uint8Array(await readFile(path));
      samples.push({ name: join(label, name), label, captions: [], read });
    }
  }
  if (samples.length === 0) throw new Error(`${dir}: there is no <class>/<picture> in it`);
  return samples;
}
