// Sizes of what a deploy uploads.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleAll } from "../src/build/bundle.ts";
import { EMBEDDED, stage } from "../src/build/stage.ts";

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;

export async function bundles(): Promise<void> {
  await stage({ ...EMBEDDED, log: () => {} });
  for (const [worker, dir] of Object.entries(await bundleAll())) {
    const names = (await readdir(dir)).filter((name) => /\.(?:js|wasm|bin)$/.test(name));
    const files = await Promise.all(names.map((name) => readFile(join(dir, name))));
    const gzip = files.reduce((sum, file) => sum + gzipSync(file).byteLength, 0);
    console.log(`${worker}: ${mb(files.reduce((sum, file) => sum + file.byteLength, 0))}, ${mb(gzip)} gzip`);
  }
}
