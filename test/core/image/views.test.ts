// What each view of a still picture shows: pictures of bands, so that a colour tells where it lay.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { openMagick } from "../../../src/build/calibrate.ts";
import type { Magick } from "../../../src/core/image/magick.ts";
import { toPixels } from "../../../src/core/image/pixels.ts";
import { toViews } from "../../../src/core/image/views.ts";
import { writePng } from "./writePng.ts";

const SIZE = 64;
const SQUARE = SIZE * SIZE * 3;

let magick: Magick;
beforeAll(async () => {
  magick = await openMagick();
});

const picture = (name: string) => new Uint8Array(readFileSync(`test/fixtures/pictures/${name}.jpg`));

function views(bytes: Uint8Array): Uint8Array[] {
  const { pixels } = toViews(magick, bytes, { size: SIZE });
  expect(pixels.length % SQUARE).toBe(0);
  return Array.from({ length: pixels.length / SQUARE }, (_, at) => pixels.subarray(at * SQUARE, (at + 1) * SQUARE));
}

/** Red grows along the longer side, green along the shorter one. */
function ramp(width: number, height: number, orientation?: number) {
  const [long, short] = width > height ? [width, height] : [height, width];
  return writePng(
    width,
    height,
    (x, y) => {
      const [along, across] = width > height ? [x, y] : [y, x];
      return [Math.floor((along * 256) / long), Math.floor((across * 256) / short), 128];
    },
    orientation,
  );
}

/** Levels of red, of green at the top and at the bottom of a view. */
function corners(view: Uint8Array) {
  const at = (x: number, y: number) => [...view.subarray((y * SIZE + x) * 3, (y * SIZE + x) * 3 + 2)];
  const last = SIZE - 1;
  return { topLeft: at(0, 0), topRight: at(last, 0), bottomLeft: at(0, last), bottomRight: at(last, last) };
}

/** The levels of red that occur in any of the views. */
const reds = (all: readonly Uint8Array[]) => new Set(all.flatMap((view) => [...view].filter((_, i) => i % 3 === 0)));

describe("the first view is what toPixels gives", () => {
  test.each<[string, () => Uint8Array]>([
    ["a photo", () => picture("dress")],
    ["a panorama", () => ramp(900, 200)],
    ["a column", () => ramp(100, 1700)],
    ["a turned picture", () => ramp(300, 200, 6)],
    ["a square", () => ramp(120, 120)],
  ])("%s", (_name, bytes) => {
    expect(views(bytes())[0]).toEqual(toPixels(magick, bytes(), { size: SIZE }).pixels);
  });
});

test.each([
  [120, 120, 1],
  [134, 120, 1], // a tile would lie less than 1/16 beside the crop
  [136, 120, 3],
  [240, 120, 3],
  [300, 120, 3], // the middle one of three is the centre crop
  [480, 120, 5],
  [600, 120, 5],
  [620, 120, 6],
  [2400, 120, 6],
])("a picture of %d x %d has %d views, lying or standing", (width, height, count) => {
  expect(views(ramp(width, height))).toHaveLength(count);
  expect(views(ramp(height, width))).toHaveLength(count);
});

test.each([
  ["a panorama", 480, 120],
  ["a column", 120, 480],
  ["a banner of 20:1", 2400, 120],
  ["a column of 1:20", 120, 2400],
])("%s: nothing of it is unseen, and the tiles come in order", (_name, width, height) => {
  const all = views(ramp(width, height));
  expect(all.length).toBeLessThanOrEqual(6);
  const seen = reds(all);
  // 64 pixels of a tile show up to 77 levels when it is squashed: at most every second one is between two pixels.
  for (let level = 2; level < 254; level++)
    expect([level - 1, level, level + 1].some((near) => seen.has(near))).toBe(true);
  const [, ...tiles] = all;
  const starts = tiles.map((tile) => tile[0] ?? 0);
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  expect(starts[0]).toBeLessThan(8);
  expect(Math.max(...(tiles.at(-1) ?? []).filter((_, i) => i % 3 === 0))).toBeGreaterThan(247);
});

test("the ends of a picture of 2:1 are squares beside one another", () => {
  const [, left, right] = views(ramp(512, 256));
  expect(corners(left ?? new Uint8Array()).topRight[0]).toBeCloseTo(127, -1);
  expect(corners(right ?? new Uint8Array()).topLeft[0]).toBeCloseTo(128, -1);
});

describe("an EXIF orientation is applied to every view", () => {
  // What is stored lies; shown, it stands for 5 to 8.
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("%d", (orientation) => {
    const [, ...tiles] = views(ramp(480, 120, orientation));
    expect(tiles).toHaveLength(4);
    const reversed = [2, 3, 7, 8].includes(orientation);
    const { topLeft, topRight, bottomLeft } = corners(tiles[0] ?? new Uint8Array());
    expect(reversed ? topLeft[0] : 255 - (topLeft[0] ?? 0)).toBeGreaterThan(247);
    // Where red changes is along the longer side of what is shown.
    const along = orientation < 5 ? topRight : bottomLeft;
    expect(Math.abs((along[0] ?? 0) - (topLeft[0] ?? 0))).toBeGreaterThan(50);
  });
});

test("thin pictures are read within bounds", () => {
  for (const [width, height] of [
    [65_000, 3],
    [3, 65_000],
    [2, 1],
  ] as const) {
    expect(views(ramp(width, height)).length).toBeLessThanOrEqual(6);
  }
});

test.each([
  ["nothing", new Uint8Array(), "image_unreadable"],
  ["text", new TextEncoder().encode("no picture at all"), "unsupported_image"],
  ["half a JPEG", picture("hat").slice(0, 2000), "image_unreadable"],
])("%s is the problem that toPixels has", (_name, bytes, code) => {
  expect(() => toViews(magick, bytes, { size: SIZE, frames: 4 })).toThrow(expect.objectContaining({ code }));
});
