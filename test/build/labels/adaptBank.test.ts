// `labels adapt` on the embedded model: a bank whose texts mislead is taught by photos, one whose texts are right is left alone.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { adaptBank } from "../../../src/build/labels/adaptBank.ts";
import { openBank } from "../../../src/build/labels/openBank.ts";
import { readLabelled } from "../../../src/build/labels/readLabelled.ts";
import { buildBanks } from "../../../src/build/labels.ts";
import { addCache } from "../../../src/core/fewshot/tipAdapter.ts";
import type { Bank } from "../../../src/core/labels/bank.ts";
import { readManifest } from "../../../src/core/pack/readManifest.ts";
import { cosines } from "../../../src/core/score/cosines.ts";
import { topK } from "../../../src/core/score/topK.ts";

const PACK = "models/nano";
const SHIRTS = ["t-shirt", "dress shirt", "long-sleeve shirt", "jacket"];
const TROUSERS = ["pants", "shorts", "skirt", "shoes"];
const SHOWN = {
  upper: ["t-shirt", "dress-shirt", "long-sleeve", "jacket"],
  lower: ["pants", "shorts", "skirt", "shoes"],
};

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "adapt-"));
  await mkdir(join(dir, "pack"));
  for (const name of ["pack.json", "tokenizer.json", "text.onnx", "text.0.bin", "vision.onnx", "vision.0.bin"])
    await cp(join(PACK, name), join(dir, "pack", name));
  for (const [label, names] of Object.entries(SHOWN)) {
    await mkdir(join(dir, "pictures", label), { recursive: true });
    // Each photo three times, so that whatever fold it is in another copy teaches what it shows.
    for (const name of names)
      for (const copy of [1, 2, 3])
        await cp(`test/fixtures/pictures/${name}.jpg`, join(dir, "pictures", label, `${name}-${copy}.jpg`));
  }
});
afterEach(() => rm(dir, { recursive: true }));

const manifest = async () => readManifest(JSON.parse(await readFile(join(PACK, "pack.json"), "utf8")));
const bankOf = async () => openBank(join(dir, "pack"), "wear", await manifest());

/** Builds the bank, teaches it, builds it again. */
async function adapt(
  upper: string[],
  lower: string[],
  method: "linear" | "tip",
): Promise<{ bank: Bank; lines: string[] }> {
  const [packDir, labelsDir, lines] = [join(dir, "pack"), join(dir, "labels"), [] as string[]];
  await mkdir(labelsDir, { recursive: true });
  const label = (name: string, prompts: string[]) => `  - {name: ${name}, prompts: [${prompts.join(", ")}]}\n`;
  const yaml = `title: Wear\ntemplates: ["{}"]\nlabels:\n${label("upper", upper)}${label("lower", lower)}`;
  await writeFile(join(labelsDir, "wear.yaml"), yaml);
  const log = (line: string) => lines.push(line);
  await buildBanks({ packDir, labelsDir });
  const options = { packDir, labelsDir, bank: "wear", picturesDir: join(dir, "pictures"), method, log };
  await adaptBank({ ...options, loss: "multi-positive" });
  await buildBanks({ packDir, labelsDir });
  return { bank: await bankOf(), lines };
}

/** Share of the pictures that the bank gets right, as classify scores them. */
async function accuracy(bank: Bank): Promise<number> {
  const { logit_scale: scale, ...rest } = await manifest();
  const pictures = await readLabelled(join(dir, "pack"), join(dir, "pictures"), bank, rest);
  const right = pictures.filter(({ vector, row }) => {
    const logits = Float64Array.from(cosines(vector, bank.classes), (cosine) => scale * cosine);
    if (bank.adapted?.method === "tip") addCache(logits, cosines(vector, bank.learned), bank.adapted);
    return topK(logits, 1)[0] === row;
  });
  return right.length / pictures.length;
}

test.each(["linear", "tip"] as const)("texts that mislead: %s is kept, with what it is worth", async (method) => {
  const { bank, lines } = await adapt(TROUSERS, SHIRTS, method);
  expect(bank.adapted).toMatchObject({ method, pictures: 24, folds: 5 });
  const { accuracy_before = 1, accuracy_after = 0, p = 1 } = bank.adapted ?? {};
  expect(accuracy_after).toBeGreaterThan(accuracy_before);
  expect(p).toBeLessThan(0.05);
  expect(await accuracy(bank)).toBeGreaterThanOrEqual(accuracy_after);
  expect(lines[0]).toMatch(/24 pictures of 2 labels, in 5-fold cross-validation: zero-shot .*, p = /);
});

test("four pictures prove nothing: zero-shot stays, the reason is told, and an older adapter goes", async () => {
  for (const [label, names] of Object.entries(SHOWN))
    for (const name of await readdir(join(dir, "pictures", label)))
      if (!names.slice(0, 2).some((kept) => name === `${kept}-1.jpg`)) await rm(join(dir, "pictures", label, name));
  await mkdir(join(dir, "labels"));
  const worth = { pictures: 9, folds: 3, accuracy_before: 0.5, accuracy_after: 0.9, p: 0.01, rows: [] };
  const older = {
    labels: "other",
    space: "other",
    adapted: { method: "tip", alpha: 1, beta: 1, ...worth },
    vectors: "",
  };
  await writeFile(join(dir, "labels/wear.adapter.json"), JSON.stringify(older));
  const { bank, lines } = await adapt(SHIRTS, TROUSERS, "linear");
  expect(bank.adapted).toBeUndefined();
  expect(bank.classes).toBe(bank.vectors);
  expect(lines.at(-1)).toMatch(/wear: zero-shot stays: (?:chance alone|there is no gain)/);
  await expect(readFile(join(dir, "labels/wear.adapter.json"))).rejects.toThrow(/ENOENT/);
});

test("a label with one picture is refused by name", async () => {
  await rm(join(dir, "pictures/lower"), { recursive: true });
  await mkdir(join(dir, "pictures/lower"));
  await cp("test/fixtures/pictures/pants.jpg", join(dir, "pictures/lower/pants.jpg"));
  await expect(adapt(SHIRTS, TROUSERS, "linear")).rejects.toThrow(/lower: one picture: two or more/);
});

test("a folder that is no label is refused by name", async () => {
  await mkdir(join(dir, "pictures/middle"));
  await expect(adapt(SHIRTS, TROUSERS, "linear")).rejects.toThrow(/middle: the bank wear has no such label/);
});
