// Scoring on real CLIP ViT-B/32 text vectors (Detic's, "a {name}", fp16, not normalised): what they mean must come out.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cosines } from "../../../src/core/score/cosines.ts";
import { normalize } from "../../../src/core/score/normalize.ts";
import { softmax } from "../../../src/core/score/softmax.ts";
import { topK } from "../../../src/core/score/topK.ts";

const folder = join(import.meta.dirname, "../../../../shared/goldens/detic-text");
const present = existsSync(folder);
if (!present) console.log("skipped: ../shared/goldens/detic-text is absent");

/** A two-dimensional little-endian fp16 or fp32 .npy as rows. */
function readNpy(name: string): Float32Array[] {
  const bytes = readFileSync(join(folder, name));
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString("latin1", 10, start);
  const [, rows, width] = /\((\d+), (\d+)\)/.exec(header)!.map(Number);
  const half = header.includes("<f2");
  const at = (i: number) => (half ? fromHalf(bytes.readUInt16LE(start + i * 2)) : bytes.readFloatLE(start + i * 4));
  return Array.from({ length: rows! }, (_, r) => Float32Array.from({ length: width! }, (_, c) => at(r * width! + c)));
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

test.skipIf(!present)("a COCO name finds its LVIS synonym among 1,203", { timeout: 30_000 }, () => {
  const lvis: { id: number; name: string; synonyms: string[] }[] = JSON.parse(
    readFileSync(join(folder, "lvis_v1_train_cat_info.json"), "utf8"),
  );
  const names = [...lvis].sort((a, b) => a.id - b.id).map(({ name }) => name);
  const rows = readNpy("lvis_v1_clip_a+cname.npy").map(normalize);
  expect(rows.length).toBe(names.length);
  const bank = new Float32Array(rows.length * rows[0]!.length);
  for (const [i, row] of rows.entries()) bank.set(row, i * row.length);

  const coco = readNpy("coco_clip_a+cname.npy").map(normalize);
  // COCO's first ten names, by LVIS's names for them.
  const expected = [
    ["person"],
    ["bicycle"],
    ["car_(automobile)"],
    ["motorcycle"],
    ["airplane"],
    ["bus_(vehicle)"],
    ["train_(railroad_vehicle)"],
    ["truck"],
    ["boat"],
    ["traffic_light"],
  ];
  for (const [i, accepted] of expected.entries()) {
    const scores = cosines(coco[i]!, bank);
    const [best] = topK(scores, 1);
    expect(accepted).toContain(names[best!]);
    expect(scores[best!]).toBeGreaterThan(0.9);
    // A share among 1,203 near synonyms (`person` beside `man` and `boy`), at CLIP's own scale.
    expect(softmax(scores, 100, 0)[best!]).toBeGreaterThan(0.25);
  }
});

test.skipIf(!present)("unrelated names lie where CLIP puts them: close, never negative", () => {
  const rows = readNpy("coco_clip_a+cname.npy").map(normalize);
  const [person, bicycle] = rows;
  const [cosine] = cosines(person!, bicycle!);
  expect(cosine).toBeGreaterThan(0.5);
  expect(cosine).toBeLessThan(0.95);
});
