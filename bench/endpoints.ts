// What each endpoint costs beyond decoding and encoding: the whole request, less what Server-Timing says of its parts.
import { readFile } from "node:fs/promises";
import { freePort, startCollection } from "../src/build/collection.ts";
import { apiFirst, CONFIG_DIR, writeConfigs } from "../src/build/configs.ts";
import { EMBEDDED, stage } from "../src/build/stage.ts";
import { median, timed } from "./median.ts";

const ROUNDS = 20;

const partsOf = (response: Response): number =>
  [...(response.headers.get("server-timing") ?? "").matchAll(/dur=(\d+)/g)].reduce(
    (sum, [, ms]) => sum + Number(ms),
    0,
  );

export async function endpoints(): Promise<void> {
  const manifest = await stage({ ...EMBEDDED, log: () => {} });
  const configs = await writeConfigs(manifest, { dir: CONFIG_DIR });
  const data = (await readFile("test/fixtures/pictures/t-shirt.jpg")).toString("base64");
  const image = { data };
  const address = `data:image/jpeg;base64,${data}`;
  const requests: Record<string, unknown> = {
    "classify?bank": { image, bank: "everyday" },
    "classify?labels": { image, labels: ["a shirt", "a cat", "a dog"] },
    tag: { image, bank: "everyday" },
    similarity: { images: [image, image], texts: ["a shirt"] },
    embeddings: { model: manifest.id, input: ["a shirt", { image }] },
    moderate: { image },
    moderations: { input: [{ type: "image_url", image_url: { url: address } }] },
  };
  const collection = await startCollection({
    configs: apiFirst(configs),
    port: await freePort(0),
    live: "/healthz",
    vars: { OPEN_API: "yes", ALLOW_DEMO_MODERATION: "yes" },
  });
  try {
    for (const [name, body] of Object.entries(requests)) {
      const [path] = name.split("?");
      const [totals, rests]: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS + 3; round++) {
        let parts = 0;
        const total = await timed(async () => {
          const response = await fetch(`${collection.url}/v1/${path}`, {
            method: "POST",
            body: JSON.stringify(body),
            headers: { "content-type": "application/json" },
          });
          if (!response.ok) throw new Error(await response.text());
          await response.arrayBuffer();
          parts = partsOf(response);
        });
        if (round < 3) continue; // warming up
        totals.push(total);
        rests.push(total - parts);
      }
      console.log(
        `${name}: ${median(totals).toFixed(1)} ms, ${median(rests).toFixed(1)} ms of them beyond decoding and encoding`,
      );
    }
  } finally {
    await collection.stop();
  }
}
