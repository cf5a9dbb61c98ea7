// The memory budget of an isolate, which local workerd does not enforce: WASM heaps read from the Workers themselves.
import { readFile } from "node:fs/promises";
import { expect, inject, test } from "vitest";
import { MAX_PICTURES } from "../../src/functions/oip/limits.ts";
import { answerOf, picture, post } from "./request.ts";

const BUDGET = 110e6;
/** JS buffers of 8 concurrent requests: bodies that wait for their turn, and what is being sent to a tower. */
const CONCURRENT = 8;

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
