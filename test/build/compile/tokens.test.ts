// The hidden states that Stable Diffusion conditions on, against transformers 5.24.0 (training/goldens_hugging_face.py).
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fp32 } from "../../../src/build/compile/fp32.ts";
import { openTower } from "../../../src/build/ort.ts";
import { writeTower } from "../../../src/build/writeTowers.ts";
import { goldenInputs } from "./goldenInputs.ts";
import { openGolden } from "./openGolden.ts";

const GOLDENS = "test/goldens/parity";
const TOLERANCE = 1e-4;
const dir = mkdtempSync(join(tmpdir(), "edgeclip-tokens-"));
afterAll(() => rmSync(dir, { recursive: true }));

async function outputsOf(name: string, tokens: boolean): Promise<Map<string, Float32Array>> {
  const checkpoint = await openGolden(join(GOLDENS, name));
  await writeTower(dir, "text", checkpoint, fp32(), Number.POSITIVE_INFINITY, tokens);
  checkpoint.tensors.close();
  const { vision, text } = checkpoint.model;
  const session = await openTower(dir, "text");
  const { ids } = goldenInputs(vision.size, text.context, text.vocab);
  const outputs = await session.runAll(ids.slice(0, text.context), [1, text.context]);
  await session.release();
  return outputs;
}

test.each(["hugging-face", "hugging-face-old"])("%s gives the reference's hidden states", async (name) => {
  const outputs = await outputsOf(name, true);
  const { hidden }: { hidden: Record<string, number[]> } = JSON.parse(
    readFileSync(join(GOLDENS, name, "vectors.json"), "utf8"),
  );
  expect([...outputs.keys()].sort()).toEqual(["embedding", ...Object.keys(hidden)].sort());
  for (const [output, expected] of Object.entries(hidden)) {
    const values = outputs.get(output) ?? [];
    expect(values.length).toBe(expected.length);
    const furthest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (values[i] ?? 9))), 0);
    expect(furthest).toBeLessThan(TOLERANCE);
  }
  // The pooled vector of XL is not normalised, and the embedding is its direction.
  const embeds = outputs.get("text_embeds") ?? new Float32Array();
  const norm = Math.hypot(...embeds);
  expect(Math.abs(norm - 1)).toBeGreaterThan(0.01);
  expect(outputs.get("embedding")?.[0]).toBeCloseTo((embeds[0] ?? 0) / norm, 5);
});

test("they are left out unless asked for", async () => {
  expect([...(await outputsOf("hugging-face", false)).keys()]).toEqual(["embedding"]);
});
