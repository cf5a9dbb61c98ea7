// Which TIFFs count as moving: those with pages beside the one that is looked at.
import { describe, expect, test } from "vitest";
import { readHeader } from "../../../src/core/image/header.ts";

const [LONG, SHORT] = [4, 3];
const [NOTHING, THUMBNAIL, MASK] = [undefined, 1, 4];

/** Directories of 8 x 8 pixels one after another. @param types subfile types @param last where the last one leads */
function tiff(types: (number | undefined)[], last = 0, little = true): Uint8Array {
  const size = 2 + 3 * 12 + 4;
  const bytes = new Uint8Array(8 + types.length * size);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(little ? "II" : "MM"));
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  for (const [index, type] of types.entries()) {
    const start = 8 + index * size;
    const tags = [...(type === undefined ? [] : [[254, LONG, type]]), [256, SHORT, 8], [257, SHORT, 8]] as const;
    view.setUint16(start, tags.length, little);
    for (const [at, [tag = 0, kind = 0, value = 0]] of tags.entries()) {
      const entry = start + 2 + 12 * at;
      view.setUint16(entry, tag, little);
      view.setUint16(entry + 2, kind, little);
      view.setUint32(entry + 4, 1, little);
      if (kind === SHORT) view.setUint16(entry + 8, value, little);
      else view.setUint32(entry + 8, value, little);
    }
    view.setUint32(start + 2 + 12 * tags.length, index + 1 < types.length ? start + size : last, little);
  }
  return bytes;
}

const isAnimated = (bytes: Uint8Array) => readHeader("tiff", bytes).animated;

describe.each([true, false])("little-endian: %s", (little) => {
  test.each<[string, (number | undefined)[], boolean]>([
    ["one page", [NOTHING], false],
    ["two pages", [NOTHING, NOTHING], true],
    ["a thumbnail and a mask", [NOTHING, THUMBNAIL, MASK], false],
    ["a page behind a thumbnail", [NOTHING, THUMBNAIL, 2], true],
  ])("%s", (_name, types, animated) => {
    expect(isAnimated(tiff(types, 0, little))).toBe(animated);
    expect(readHeader("tiff", tiff(types, 0, little))).toMatchObject({ width: 8, height: 8 });
  });
});

test("directories that lead in a circle end, and count as pages", () => {
  expect(isAnimated(tiff([NOTHING, THUMBNAIL], 8 + 42))).toBe(true);
});

test("a next directory that is not there is none", () => {
  expect(isAnimated(tiff([NOTHING], 0xffff_ffff))).toBe(false);
});
