// The memory budget of an isolate, which local workerd does not enforce: WASM heaps read from the Workers themselves.
import { readFile } from "node:fs/promises";
import { expect, inject, test } from "vitest";
import { PICTURE_BYTES_CAP } from "../../src/core/image/bytesCap.ts";
import { HEAP_CAP } from "../../src/core/image/limits.ts";
import { viewsRoom } from "../../src/core/image/views.ts";
import { MAX_PICTURES } from "../../src/functions/oip/limits.ts";
import { writeGif } from "../core/image/writeGif.ts";
import { answerOf, picture, post } from "./request.ts";

const BUDGET = 110e6;
/** JS buffers of 8 concurrent requests: bodies that wait for their turn, and what is being sent to a tower. */
const CONCURRENT = 8;
/** The filled pages of ImageMagick's heap before its first picture, kept to clean it. */
const CLEAN_HEAP = 3.3 * 2 ** 20;

interface Ready {
  parts: Record<"image" | "vision" | "text", { wasm_bytes: number }>;
}
interface Pack {
  image: { size: number };
  files: { name: string; bytes: number }[];
}

test("after 8 concurrent requests every isolate is within its budget, the load peak too", async () => {
  const bytes = await picture("t-shirt");
  const answers = await Promise.all(
    Array.from({ length: CONCURRENT }, () => post("?bank=everyday", bytes).then(answerOf)),
  );
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);

  const { parts } = (await (await fetch(`${inject("url")}/readyz`)).json()) as Ready;
  const pack: Pack = JSON.parse(await readFile("models/nano/pack.json", "utf8"));
  const shards = (tower: string) =>
    pack.files.filter(({ name }) => name.startsWith(`${tower}.`)).reduce((sum, file) => sum + file.bytes, 0);
  const pixels = pack.image.size ** 2 * 3;
  // While a session is created, its shards are alive beside the heap.
  expect(parts.vision.wasm_bytes + shards("vision") + CONCURRENT * MAX_PICTURES * pixels).toBeLessThan(BUDGET);
  expect(parts.text.wasm_bytes + shards("text")).toBeLessThan(BUDGET);
  expect(parts.image.wasm_bytes + CONCURRENT * (bytes.byteLength + pixels)).toBeLessThan(BUDGET);
  for (const { wasm_bytes } of Object.values(parts)) expect(wasm_bytes).toBeGreaterThan(0);
});

test("views of 8 concurrent large animations leave the image isolate within its budget", async () => {
  const [width, height] = [1920, 1080];
  const colours = [
    [200, 40, 40],
    [40, 40, 200],
  ] as const;
  const frames = Array.from({ length: 2 }, (_, indices) => ({ width, height, indices }));
  const body = writeGif(width, height, colours, frames);
  const answers = await Promise.all(
    Array.from({ length: CONCURRENT }, () => fetch(`${inject("url")}/v1/moderate`, { method: "POST", body })),
  );
  expect(answers.map(({ status }) => status)).toEqual(new Array(CONCURRENT).fill(200));

  const { parts } = (await (await fetch(`${inject("url")}/readyz`)).json()) as Ready;
  const { image }: Pack = JSON.parse(await readFile("models/nano/pack.json", "utf8"));
  expect(parts.image.wasm_bytes).toBeLessThanOrEqual(HEAP_CAP);
  // Bodies, canvases and squares wait for room together: with all of it taken, and a heap as large as it may become.
  expect(viewsRoom({ size: image.size, frames: 4 })).toBeLessThan(PICTURE_BYTES_CAP);
  expect(HEAP_CAP + PICTURE_BYTES_CAP + CLEAN_HEAP).toBeLessThan(BUDGET);
});
