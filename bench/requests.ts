// A request to the real Workers: cold, steady, what is not inference, and the WASM heaps before and after 8 at once.
import { readFile } from "node:fs/promises";
import { freePort, startCollection } from "../src/build/collection.ts";
import { apiFirst, CONFIG_DIR, writeConfigs } from "../src/build/configs.ts";
import { openTower } from "../src/build/ort.ts";
import { stage } from "../src/build/stage.ts";
import { median, timed } from "./median.ts";

const ROUNDS = 40;
const CONCURRENT = 8;

const ms = (value: number) => `${value.toFixed(1)} ms`;
const mib = (value: number) => `${(value / 2 ** 20).toFixed(1)} MiB`;

interface Ready {
  parts: Record<string, { wasm_bytes: number }>;
}

/** Bare inference of one picture on the same WASM build, in Node. */
async function bareRun(size: number): Promise<number> {
  const tower = await openTower("models/nano", "vision");
  const pixels = new Uint8Array(size * size * 3).fill(127);
  const runs: number[] = [];
  for (let i = 0; i < ROUNDS; i++) runs.push(await timed(() => tower.run(pixels, [1, size, size, 3])));
  await tower.release();
  return median(runs);
}

/** The `decode;dur=` of a Server-Timing header. */
const part = (response: Response, name: string): number =>
  Number(new RegExp(`${name};dur=(\\d+)`).exec(response.headers.get("server-timing") ?? "")?.[1] ?? Number.NaN);

export async function requests(): Promise<void> {
  const manifest = await stage({ packDir: "models/nano", labelsDir: "models/labels", log: () => {} });
  const configs = await writeConfigs(manifest, { dir: CONFIG_DIR });
  const picture = await readFile("test/fixtures/pictures/t-shirt.jpg");
  const collection = await startCollection({
    configs: apiFirst(configs),
    port: await freePort(0),
    live: "/healthz",
    vars: { OPEN_API: "yes" },
  });
  try {
    const ask = async () => {
      const response = await fetch(`${collection.url}/v1/classify?bank=everyday`, { method: "POST", body: picture });
      if (!response.ok) throw new Error(await response.text());
      await response.arrayBuffer();
      return response;
    };
    const heaps = async () => {
      const { parts } = (await (await fetch(`${collection.url}/readyz`)).json()) as Ready;
      return Object.entries(parts)
        .map(([name, { wasm_bytes }]) => `${name} ${mib(wasm_bytes)}`)
        .join(", ");
    };
    console.log(`cold first request (all isolates): ${ms(await timed(ask))}`);
    console.log(`WASM heaps after load: ${await heaps()}`);
    const totals: number[] = [];
    const decodes: number[] = [];
    const encodes: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      let response = new Response();
      totals.push(
        await timed(async () => {
          response = await ask();
        }),
      );
      decodes.push(part(response, "decode"));
      encodes.push(part(response, "encode"));
    }
    const bare = await bareRun(manifest.image.size);
    const total = median(totals);
    const decode = median(decodes);
    console.log(`steady request, one at a time: ${ms(total)} (decode ${ms(decode)}, encode ${ms(median(encodes))})`);
    console.log(
      `bare session.run in Node: ${ms(bare)}; share of the request that is not session.run: ${(100 * (1 - bare / total)).toFixed(0)} %`,
    );
    const beyond = total - decode - bare;
    console.log(
      `beyond session.run and decode: ${ms(beyond)}, ${((100 * beyond) / total).toFixed(0)} % (with the loopback HTTP of client and wrangler)`,
    );
    const together = await timed(() => Promise.all(Array.from({ length: CONCURRENT }, ask)));
    console.log(`${CONCURRENT} requests at once: ${ms(together)}`);
    console.log(`WASM heaps after ${CONCURRENT} at once: ${await heaps()}`);
    const shards = manifest.files.filter(({ name }) => name.endsWith(".bin"));
    console.log(
      `JS buffers while loading: ${shards.map(({ name, bytes }) => `${name} ${mib(bytes)}`).join(", ")}; after: none kept`,
    );
    console.log(
      `JS buffers of ${CONCURRENT} requests: image ${mib(CONCURRENT * picture.byteLength)}, vision ${mib(CONCURRENT * 3 * manifest.image.size ** 2)}`,
    );
  } finally {
    await collection.stop();
  }
}
