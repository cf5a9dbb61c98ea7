// An imported SigLIP 2 deployed: pictures only at the edge, its bank from deploy time. Scores are those of transformers' own
// model and processor (training/goldens_onnx.py), at every endpoint that scores labels.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openMagick } from "../../src/build/calibrate.ts";
import { openTower } from "../../src/build/ort.ts";
import { toViews } from "../../src/core/image/views.ts";
import { createTokenizer } from "../../src/core/text/tokenizer.ts";
import { type Answer, dataUri, picture, problemOf } from "./request.ts";
import { type Imported, startImported } from "./startImported.ts";

const { scores }: { scores: { scale: number; bias: number; picture: string; labels: string[]; scores: number[] } } =
  JSON.parse(readFileSync("test/goldens/import/siglip2/vectors.json", "utf8"));
const GOLDEN = new Map(scores.labels.map((label, row) => [label, scores.scores[row] ?? -1]));
const TOLERANCE = 1e-4;

/** Categories of one concept and of several; nothing is measured, so that scores are the model's own. */
const POLICY = `
title: Test
background: few
templates: ["a {}"]
categories:
  - {name: pets, severity: low, review: 0.5, block: 0.9, concepts: [cat, Ocean]}
  - {name: streets, severity: low, review: 0.5, block: 0.9, concepts: [straße]}
`;

let running: Imported | undefined;
beforeAll(async () => {
  running = await startImported({
    id: "siglip2",
    logit: { scale: scores.scale, bias: scores.bias },
    quantization: "fp32",
    labels: scores.labels,
    policies: { test: POLICY },
  });
});
afterAll(async () => running?.stop());

async function ask<T>(endpoint: string, query: string): Promise<T> {
  const body = await picture(scores.picture);
  const response = await fetch(`${running?.url}/v1/${endpoint}?${query}`, { method: "POST", body });
  if (!response.ok) throw new Error(await response.text());
  return response.json() as Promise<T>;
}
const near = (score: number | null | undefined, expected: number) =>
  expect(Math.abs((score ?? 9) - expected)).toBeLessThan(TOLERANCE);

test("classify gives transformers' scores", async () => {
  const { predictions } = await ask<Answer>("classify", "bank=few");
  expect(predictions).toHaveLength(scores.labels.length);
  for (const { label, score } of predictions) near(score, GOLDEN.get(label) ?? -1);
});

test("tag gives the same scores, and each is held against its threshold", async () => {
  interface Tags {
    tags: { label: string; score: number }[];
    calibrated: boolean;
  }
  const { tags, calibrated } = await ask<Tags>("tag", "bank=few&min_score=0");
  expect([tags.length, calibrated]).toEqual([scores.labels.length, false]);
  for (const { label, score } of tags) near(score, GOLDEN.get(label) ?? -1);
  const { tags: certain } = await ask<Tags>("tag", "bank=few&min_score=0.5");
  expect(certain.map(({ label }) => label).sort()).toEqual(
    scores.labels.filter((label) => (GOLDEN.get(label) ?? 0) >= 0.5).sort(),
  );
});

test("a label of pictures, alone, is tagged by the same sigmoid", async () => {
  const image = dataUri(await picture(scores.picture));
  const response = await fetch(`${running?.url}/v1/tag`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ image, labels: [{ name: "mine", images: [image] }], min_score: 0 }),
  });
  const { tags }: { tags: { label: string; score: number; cosine: number }[] } = await response.json();
  expect(tags.map(({ label }) => label)).toEqual(["mine"]);
  const [{ score, cosine } = { score: 9, cosine: 9 }] = tags;
  near(score, 1 / (1 + Math.exp(-(scores.scale * cosine + scores.bias))));
  // Carried over to where the bank's texts lie: with itself its cosine would be 1.
  expect(cosine).toBeLessThan(0.9);
});

test("moderation scores a category by its surest concept on the worst view", async () => {
  const { manifest, packDir } = running!;
  const { pixels } = toViews(await openMagick(), await picture(scores.picture), manifest.image);
  const { size } = manifest.image;
  const vision = await openTower(packDir, "vision");
  const views = await vision.run(new Uint8Array(pixels), [pixels.length / (size * size * 3), size, size, 3]);
  await vision.release();
  const text = await openTower(packDir, "text");
  const tokenize = createTokenizer(JSON.parse(readFileSync(join(packDir, "tokenizer.json"), "utf8")), manifest.text);
  const surest = async (concepts: readonly string[]): Promise<number> => {
    const found: number[] = [];
    for (const concept of concepts) {
      const { ids } = tokenize(`a ${concept}`);
      const vector = await text.run(ids, [1, ids.length]);
      for (let at = 0; at < views.length; at += vector.length) {
        const cosine = vector.reduce((sum, value, i) => sum + value * (views[at + i] ?? 0), 0);
        found.push(1 / (1 + Math.exp(-(scores.scale * cosine + scores.bias))));
      }
    }
    return Math.max(...found);
  };
  const pets = await surest(["cat", "Ocean"]);
  const streets = await surest(["straße"]);
  await text.release();
  expect(pets).toBeGreaterThanOrEqual((GOLDEN.get("cat") ?? 1) - TOLERANCE);

  interface Moderated {
    decision: string;
    categories: Record<string, number | null>;
    reasons: { category: string | null }[];
  }
  const { decision, categories, reasons } = await ask<Moderated>("moderate", "policy=test");
  near(categories.pets, pets);
  near(categories.streets, streets);
  expect([decision, reasons.map(({ category }) => category)]).toEqual(["review", ["pets"]]);
});

test("there are no free texts at the edge", async () => {
  const body = await picture(scores.picture);
  const response = await fetch(`${running?.url}/v1/classify?labels=cat&labels=dog`, { method: "POST", body });
  expect((await problemOf(response)).code).toBe("text_unavailable");
});
