// An imported SigLIP deployed: its texts were encoded when its bank was built, each label is scored by its own sigmoid, and the
// edge has no texts.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openMagick } from "../../src/build/calibrate.ts";
import { openTower } from "../../src/build/ort.ts";
import { toPixels } from "../../src/core/image/pixels.ts";
import { createTokenizer } from "../../src/core/text/tokenizer.ts";
import { answerOf, picture, problemOf } from "./request.ts";
import { type Imported, startImported } from "./startImported.ts";

const LABELS = ["photo", "cat", "ocean"];
const LOGIT = { scale: 40, bias: -3 };

let running: Imported | undefined;
beforeAll(async () => {
  running = await startImported({ id: "siglip", logit: LOGIT, quantization: "int8", labels: LABELS });
});
afterAll(async () => running?.stop());

const ask = async (query: string): Promise<Response> =>
  fetch(`${running?.url}/v1/classify?${query}`, { method: "POST", body: await picture("hat") });

test("every label has a score of its own, from the squashed picture", async () => {
  const { manifest, packDir } = running!;
  const { pixels } = toPixels(await openMagick(), await picture("hat"), manifest.image);
  const { size } = manifest.image;
  const vision = await openTower(packDir, "vision");
  const image = await vision.run(new Uint8Array(pixels), [1, size, size, 3]);
  await vision.release();
  const tokenize = createTokenizer(JSON.parse(await readFile(join(packDir, "tokenizer.json"), "utf8")), manifest.text);
  const text = await openTower(packDir, "text");
  const expected = new Map<string, number>();
  for (const label of LABELS) {
    const { ids } = tokenize(`a ${label}`);
    const vector = await text.run(ids, [1, ids.length]);
    const cosine = vector.reduce((sum, value, i) => sum + value * (image[i] ?? 0), 0);
    expected.set(label, 1 / (1 + Math.exp(-(LOGIT.scale * cosine + LOGIT.bias))));
  }
  await text.release();
  const { predictions, model } = await answerOf(await ask("bank=few"));
  expect(model.space).toBe(manifest.space);
  expect(predictions.map(({ label }) => label).sort()).toEqual([...LABELS].sort());
  for (const { label, score } of predictions) expect(score).toBeCloseTo(expected.get(label) ?? -1, 4);
  expect(predictions.reduce((sum, { score }) => sum + score, 0)).not.toBeCloseTo(1, 3);
});

test("free labels are told that there is no text tower, and every part there is stands ready", async () => {
  const { status, code } = await problemOf(await ask("labels=cat&labels=dog"));
  expect([status, code]).toEqual([422, "text_unavailable"]);
  expect((await fetch(`${running?.url}/readyz`)).status).toBe(200);
});
