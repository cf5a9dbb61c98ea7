// A request to the real Workers: cold, steady, what is not inference, and the WASM heaps before and after 8 at once.
import { readFile } from "node:fs/promises";
import { freePort, startCollection } from "../src/build/collection.ts";
import { apiFirst, CONFIG_DIR, writeConfigs } from "../src/build/configs.ts";
import { EMBEDDED, stage } from "../src/build/stage.ts";
import { encodeRequest } from "../src/core/oip/encode.ts";
import { MAX_PICTURES } from "../src/functions/oip/limits.ts";
import { median, timed } from "./median.ts";

const ROUNDS = 40;
const CONCURRENT = 8;

const ms = (value: number) => `${value.toFixed(1)} ms`;
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const mib = (value: number) => `${(value / 2 ** 20).toFixed(1)} MiB`;

interface Ready {
  parts: Record<string, { wasm_bytes: number }>;
}

/** `session.run` of one picture inside workerd, whose clock stands still meanwhile: the slope between 1 and 8 pictures a request. */
async function runInWorkerd(config: string, size: number): Promise<number> {
  const worker = await startCollection({ configs: [config], port: await freePort(0), live: "/v2/health/live" });
  try {
    const infer = async (count: number) => {
      const data = new Uint8Array(count * size * size * 3).fill(127);
      const message = encodeRequest([{ name: "pixels", datatype: "UINT8", shape: [count, size, size, 3], data }]);
      const response = await fetch(`${worker.url}/v2/models/vision/infer`, { method: "POST", ...message });
      if (!response.ok) throw new Error(await response.text());
      await response.arrayBuffer();
    };
    const medianOf = async (count: number) => {
      const runs: number[] = [];
      for (let i = 0; i < ROUNDS; i++) runs.push(await timed(() => infer(count)));
      return median(runs);
    };
    await medianOf(MAX_PICTURES);
    const [one, many] = [await medianOf(1), await medianOf(MAX_PICTURES)];
    return (many - one) / (MAX_PICTURES - 1);
  } finally {
    await worker.stop();
  }
}

/** The `decode;dur=` of a Server-Timing header. */
const part = (response: Response, name: string): number =>
  Number(new RegExp(`${name};dur=(\\d+)`).exec(response.headers.get("server-timing") ?? "")?.[1] ?? Number.NaN);

export async function requests(): Promise<void> {
  const manifest = await stage({ ...EMBEDDED, log: () => {} });
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
    const trips: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      // The same body to an unknown bank: read, parsed and refused before any other Worker is called.
      const refused = () => fetch(`${collection.url}/v1/classify?bank=none`, { method: "POST", body: picture });
      trips.push(await timed(async () => (await refused()).arrayBuffer()));
    }
    const [total, decode, trip] = [median(totals), median(decodes), median(trips)];
    const run = await runInWorkerd(configs.vision, manifest.image.size);
    console.log(
      `steady request, one at a time: ${ms(total)} (Server-Timing: decode ${ms(decode)}, encode ${ms(median(encodes))})`,
    );
    console.log(
      `session.run inside workerd: ${ms(run)}; share of the request that is not session.run: ${percent(1 - run / total)}`,
    );
    console.log(`the same request refused before any other Worker is called: ${ms(trip)}`);
    console.log(
      `beyond session.run, decode and that: ${ms(total - run - decode - trip)}, ${percent((total - run - decode - trip) / total)}`,
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
