// When a PNG is an animation: a default image without a control chunk is one that no browser shows.
import { expect, test } from "vitest";
import { readPngHeader } from "../../../src/core/image/header/png.ts";

/** Signature, IHDR and chunks, all of their data zero but for a first number. */
function png(...chunks: [name: string, length: number, first?: number][]): DataView {
  const all: typeof chunks = [["IHDR", 13, 8], ...chunks];
  const bytes = new Uint8Array(8 + all.reduce((sum, [, length]) => sum + 12 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 8;
  for (const [name, length, first = 0] of all) {
    view.setUint32(at, length);
    bytes.set(new TextEncoder().encode(name), at + 4);
    if (length >= 4) view.setUint32(at + 8, first);
    at += 12 + length;
  }
  return view;
}

test.each<[string, Parameters<typeof png>, boolean]>([
  ["no acTL", [["IDAT", 4]], false],
  [
    "one frame, the default image",
    [
      ["acTL", 8, 1],
      ["fcTL", 26],
      ["IDAT", 4],
    ],
    false,
  ],
  [
    "one frame beside the default image",
    [
      ["acTL", 8, 1],
      ["IDAT", 4],
      ["fcTL", 26],
      ["fdAT", 8],
    ],
    true,
  ],
  [
    "two frames",
    [
      ["acTL", 8, 2],
      ["fcTL", 26],
      ["IDAT", 4],
    ],
    true,
  ],
])("%s", (_name, chunks, animated) => {
  expect(readPngHeader(png(...chunks)).animated).toBe(animated);
});
