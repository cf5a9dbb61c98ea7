// Views of animations: against PIL (test/fixtures/animations/make.py), and of GIFs whose every pixel is known.
import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { openMagick } from "../../../../src/build/calibrate.ts";
import { HEAP_CAP } from "../../../../src/core/image/limits.ts";
import type { Magick } from "../../../../src/core/image/magick.ts";
import { toPixels } from "../../../../src/core/image/pixels.ts";
import { toViews } from "../../../../src/core/image/views.ts";
import { Problem } from "../../../../src/core/problem.ts";
import { type GifFrame, writeGif } from "../writeGif.ts";

const FIXTURES = "test/fixtures/animations";
const SHARP = "../shared/images/robustness/sharp";

let magick: Magick;
beforeAll(async () => {
  magick = await openMagick();
});

const file = (path: string) => new Uint8Array(readFileSync(path));

/** @returns the centre crop of every frame of a square picture */
function framesOf(bytes: Uint8Array, size: number, frames = 4): Uint8Array[] {
  const { pixels, frames: seen } = toViews(magick, bytes, { size, frames });
  const square = size * size * 3;
  expect(pixels.length).toBe(seen * square);
  return Array.from({ length: seen }, (_, at) => pixels.subarray(at * square, (at + 1) * square));
}

describe.each([
  "keep-restore-empty.gif",
  "translucent.webp",
  "translucent.png",
  "palette.png",
  "default-image-apart.png",
])("%s", (name) => {
  test("every frame is what PIL shows", () => {
    // As large as the picture, so that nothing is resampled.
    for (const [at, frame] of framesOf(file(`${FIXTURES}/${name}`), 48).entries()) {
      expect(frame).toEqual(toPixels(magick, file(`${FIXTURES}/${name}.${at}.png`), { size: 48 }).pixels);
    }
  });

  test("the first view is what toPixels gives", () => {
    const bytes = file(`${FIXTURES}/${name}`);
    expect(framesOf(bytes, 32)[0]).toEqual(toPixels(magick, bytes, { size: 32 }).pixels);
  });

  test("two frames are the first and the last", () => {
    const bytes = file(`${FIXTURES}/${name}`);
    const [first, , , last] = framesOf(bytes, 48);
    expect(framesOf(bytes, 48, 2)).toEqual([first, last]);
  });

  test("cut anywhere or with any byte changed, it is read or a problem", () => {
    const whole = file(`${FIXTURES}/${name}`);
    const codes = new Set<string>();
    const look = (bytes: Uint8Array) => {
      try {
        codes.add(toViews(magick, bytes, { size: 16, frames: 4 }).format);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        codes.add(error.code);
      }
    };
    for (let at = 0; at < whole.length; at += 11) {
      look(whole.slice(0, at));
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      look(changed);
    }
    expect(codes).not.toContain("internal_error");
    expect(magick.heapBytes).toBeLessThanOrEqual(HEAP_CAP);
  });
});

test("a WebP with a damaged later frame is a problem: it would be another picture that was judged", () => {
  const bytes = file(`${FIXTURES}/translucent.webp`);
  expect(() => toViews(magick, bytes.slice(0, -20), { size: 16, frames: 4 })).toThrow(
    expect.objectContaining({ code: "image_unreadable" }),
  );
});

test("a WebP whose frames would not fit into memory together is read frame by frame", () => {
  const large = file(`${FIXTURES}/24-large.webp`);
  const before = large.slice();
  expect([...toPixels(magick, large, { size: 1 }).pixels]).toEqual([0, 200, 90]);
  expect(framesOf(large, 1, 2).map((frame) => [...frame])[1]).toEqual([230, 39, 90]);
  // A frame is made a file where it lies.
  expect(large).toEqual(before);
});

const RED = [255, 0, 0] as const;
const GREEN = [0, 255, 0] as const;
const BLUE = [0, 0, 255] as const;
const WHITE = [255, 255, 255] as const;
const PALETTE = [RED, GREEN, BLUE];
const LETTERS = new Map([
  [RED.join(), "r"],
  [GREEN.join(), "g"],
  [BLUE.join(), "b"],
  [WHITE.join(), "."],
]);

/** Of a canvas of 4 x 4, a letter a pixel. */
const drawn = (frame: Uint8Array) =>
  Array.from({ length: 4 }, (_, y) =>
    Array.from({ length: 4 }, (_, x) => LETTERS.get(frame.subarray((y * 4 + x) * 3, (y * 4 + x) * 3 + 3).join())).join(
      "",
    ),
  ).join(" ");

const gif = (...frames: GifFrame[]) => writeGif(4, 4, PALETTE, frames);
const shown = (bytes: Uint8Array, frames = 8) => framesOf(bytes, 4, frames).map(drawn);

const whole = { width: 4, height: 4, indices: 0 };
const middle = { x: 1, y: 1, width: 2, height: 2 };

describe("a GIF's frames", () => {
  test("disposal 1 keeps a frame, 2 empties its rectangle, 3 brings back what was there", () => {
    const after = (disposal: number) =>
      shown(gif(whole, { ...middle, indices: 1, disposal }, { x: 3, width: 1, height: 1, indices: 2 }))[2];
    expect(after(1)).toBe("rrrb rggr rggr rrrr");
    expect(after(2)).toBe("rrrb r..r r..r rrrr");
    expect(after(3)).toBe("rrrb rrrr rrrr rrrr");
  });

  test("the first frame may be restored to nothing", () => {
    expect(shown(gif({ ...whole, disposal: 3 }, { ...middle, indices: 1 }))).toEqual([
      "rrrr rrrr rrrr rrrr",
      ".... .gg. .gg. ....",
    ]);
  });

  test("the transparent index leaves what lies under it", () => {
    const [, second] = shown(gif(whole, { ...middle, indices: [1, 2, 2, 1], transparent: 2 }));
    expect(second).toBe("rrrr rgrr rrgr rrrr");
  });

  test("a local palette goes before the global one", () => {
    const [, second, third] = shown(
      gif(whole, { ...middle, indices: 0, palette: [BLUE] }, { width: 1, height: 1, indices: 1 }),
    );
    expect(second).toBe("rrrr rbbr rbbr rrrr");
    expect(third).toBe("grrr rbbr rbbr rrrr");
  });

  test("evenly spaced ones are looked at, the first and the last among them", () => {
    const frames = [0, 1, 1, 1, 2, 1, 1, 1, 0].map((indices) => ({ ...whole, indices }));
    expect(shown(gif(...frames), 3).map((frame) => frame[0])).toEqual(["r", "b", "r"]);
  });

  test("fewer than asked for are all looked at", () => {
    expect(shown(gif(whole, { ...whole, indices: 1 }), 8)).toHaveLength(2);
  });
});

describe("hostile GIFs", () => {
  test.each<[string, GifFrame, string]>([
    ["larger than the screen", whole, "rrrr rrrr rrrr rrrr"],
    ["partly beside the screen", { x: 1, y: 1, width: 3, height: 3, indices: 0 }, ".... .rrr .rrr .rrr"],
  ])("a first frame %s: it makes the canvas larger, as in a browser", (_name, frame, first) => {
    const bytes = writeGif(1, 2, PALETTE, [frame, { ...whole, indices: 1 }]);
    expect(shown(bytes)).toEqual([first, "gggg gggg gggg gggg"]);
    expect(toViews(magick, bytes, { size: 4 })).toMatchObject({ width: 4, height: 4 });
  });

  test.each<[string, GifFrame, string]>([
    ["a frame of no pixels", { width: 0, height: 0, indices: 0 }, "rrrr rrrr rrrr rrrr"],
    ["a frame beside the canvas", { x: 9, y: 9, width: 2, height: 2, indices: 1 }, "rrrr rrrr rrrr rrrr"],
    ["a frame partly beside the canvas", { x: 3, y: 2, width: 9, height: 9, indices: 1 }, "rrrr rrrr rrrg rrrg"],
    ["LZW that ends early", { ...whole, data: [7, 3, 128, 1, 1, 0] }, "ggrr rrrr rrrr rrrr"],
    ["LZW with a code that is not defined", { ...whole, data: [7, 4, 128, 1, 200, 1, 0] }, "grrr rrrr rrrr rrrr"],
    ["LZW without a code size", { ...whole, data: [0, 3, 128, 1, 1, 0] }, "rrrr rrrr rrrr rrrr"],
  ])("%s: the others are shown", (_name, frame, second) => {
    const all = shown(gif(whole, frame, { ...middle, indices: 2, disposal: 1 }));
    expect(all).toHaveLength(3);
    expect(all[1]).toBe(second);
    expect(all[2]?.slice(6, 8)).toBe("bb");
  });

  test.each([
    [2_001, 2_000],
    [65_535, 65_535],
  ])("a frame of %d x %d, which a browser would show and nothing here can: a problem", (width, height) => {
    const bytes = gif(whole, { width, height, indices: 1, data: [7, 1, 128, 0] }, { ...middle, indices: 2 });
    expect(() => shown(bytes)).toThrow(expect.objectContaining({ code: "image_unreadable" }));
  });

  test("cut off inside a later frame, it shows what there is of it", () => {
    const bytes = gif(whole, { ...whole, indices: 1 });
    expect(shown(bytes.slice(0, -8))[1]).toMatch(/^g+r* /);
  });

  test("10,000 frames are read in time", () => {
    const frames = Array.from({ length: 10_000 }, (_, at) => ({ ...whole, indices: at % 3, transparent: 3 }));
    const bytes = gif(...frames);
    const started = performance.now();
    expect(shown(bytes, 4).map((frame) => frame[0])).toEqual(["r", "r", "r", "r"]);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("of large frames only as many are decoded as their share of work allows", () => {
    const side = 1500;
    const frames = Array.from({ length: 500 }, (_, at) => ({ width: side, height: side, indices: at % 3 }));
    const bytes = writeGif(side, side, PALETTE, frames);
    const started = performance.now();
    // Frame 499 is green.
    expect(framesOf(bytes, 4).map(drawn).at(-1)).toBe("gggg gggg gggg gggg");
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("of a canvas that takes too much memory only the first frame is looked at", () => {
    const { frames, animated } = toViews(magick, writeGif(2000, 2000, PALETTE, [whole, whole]), { size: 8, frames: 4 });
    expect({ frames, animated }).toEqual({ frames: 1, animated: true });
  });
});

if (!existsSync(SHARP)) console.warn(`skipped: real animations, there is no ${SHARP}`);
test.runIf(existsSync(SHARP)).each(["animated-loop-3", "rotating-squares"])(
  "%s is nearly the same as GIF and as WebP, and each frame is another",
  (name) => {
    const views = (format: string) => toViews(magick, file(`${SHARP}/${name}.${format}`), { size: 64, frames: 2 });
    const [gifViews, webpViews] = [views("gif"), views("webp")];
    expect(gifViews.frames).toBe(2);
    expect(gifViews.pixels.length).toBe(webpViews.pixels.length);
    const apart = gifViews.pixels.reduce((sum, value, i) => sum + Math.abs(value - (webpViews.pixels[i] ?? 0)), 0);
    expect(apart / gifViews.pixels.length).toBeLessThan(2);
  },
);
