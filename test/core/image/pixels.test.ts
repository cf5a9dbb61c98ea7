// The whole preprocessing, with the real ImageMagick: parity with PIL, orientation, hostile files.
import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { openMagick } from "../../../src/build/calibrate.ts";
import { HEAP_CAP } from "../../../src/core/image/limits.ts";
import type { Magick } from "../../../src/core/image/magick.ts";
import { toPixels } from "../../../src/core/image/pixels.ts";
import { Problem, type ProblemCode } from "../../../src/core/problem.ts";

const SIZE = 96;
const ROBUSTNESS = "../shared/images/robustness";

let magick: Magick;
beforeAll(async () => {
  magick = await openMagick();
});

const file = (path: string) => new Uint8Array(readFileSync(path));
const picture = (name: string) => file(`test/fixtures/pictures/${name}.jpg`);
const read = (bytes: Uint8Array) => toPixels(magick, bytes, { size: SIZE });

function codeOf(bytes: Uint8Array): ProblemCode | "read" {
  try {
    read(bytes);
    return "read";
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}

/** Mean absolute difference in levels of 255. */
const difference = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;

test.each(["t-shirt", "hat", "pants", "shoes"])(
  "%s is what PIL makes of it (training/preprocess_reference.py)",
  (name) => {
    const golden = file(`test/goldens/preprocess/pictures-${name}.jpg.${SIZE}.rgb`);
    const { pixels } = read(picture(name));
    expect(pixels.length).toBe(golden.length);
    expect(difference(pixels, golden)).toBeLessThan(0.5);
  },
);

test.each([
  ["squash", "squash", "bicubic"],
  ["bilinear", "shortest", "bilinear"],
  ["squash.bilinear", "squash", "bilinear"],
] as const)("%s is what PIL makes of it too", (kind, resize, interpolation) => {
  for (const name of ["hat", "pants"]) {
    const golden = file(`test/goldens/preprocess/pictures-${name}.jpg.${SIZE}.${kind}.rgb`);
    const { pixels } = toPixels(magick, picture(name), { size: SIZE, resize, interpolation });
    expect(pixels.length).toBe(golden.length);
    expect(difference(pixels, golden)).toBeLessThan(0.5);
    expect(difference(pixels, golden)).toBeLessThanOrEqual(difference(read(picture(name)).pixels, golden));
  }
});

test("it tells format, size and animation", () => {
  const { format, animated, width, height } = read(picture("hat"));
  expect({ format, animated }).toEqual({ format: "jpeg", animated: false });
  expect(Math.min(width, height)).toBeGreaterThan(0);
});

describe("hostile bytes", () => {
  const whole = picture("hat");
  const bomb = (name: string) => file(`test/fixtures/bombs/${name}`);

  test.each<[string, () => Uint8Array, ProblemCode]>([
    ["nothing", () => new Uint8Array(), "image_unreadable"],
    ["text", () => new TextEncoder().encode("no picture at all"), "unsupported_image"],
    ["an SVG", () => new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'), "unsupported_image"],
    ["half a JPEG", () => whole.slice(0, whole.length / 2), "image_unreadable"],
    ["three bytes of a JPEG", () => whole.slice(0, 3), "image_unreadable"],
    ["an AVIF of 12 megapixels", () => bomb("12mp.avif"), "image_too_many_pixels"],
    ["an AVIF of 12 megapixels that says it has one", () => bomb("12mp-says-1mp.avif"), "image_too_many_pixels"],
    ["a TIFF of 35 KB that inflates in one strip", () => bomb("one-strip.tif"), "image_too_many_pixels"],
  ])("%s: a problem, and the next picture is read as before", (_name, bytes, code) => {
    expect(codeOf(bytes())).toBe(code);
    expect(difference(read(whole).pixels, file(`test/goldens/preprocess/pictures-hat.jpg.${SIZE}.rgb`))).toBeLessThan(
      0.5,
    );
    expect(magick.heapBytes).toBeLessThanOrEqual(HEAP_CAP);
  });

  test("cut anywhere, a picture is read or a problem, never anything else", () => {
    for (let length = 0; length < whole.length; length += 97) {
      expect(["read", "image_unreadable", "unsupported_image"]).toContain(codeOf(whole.slice(0, length)));
    }
  });

  test("with any byte changed, a picture is read or a problem", () => {
    for (let at = 0; at < Math.min(600, whole.length); at += 7) {
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      expect(["read", "image_unreadable", "unsupported_image", "image_too_many_pixels"]).toContain(codeOf(changed));
    }
  });
});

if (!existsSync(ROBUSTNESS)) console.warn(`skipped: awkward real files, there is no ${ROBUSTNESS}`);
describe.runIf(existsSync(ROBUSTNESS))("awkward real files", () => {
  test.each(["Landscape", "Portrait"])("%s in all EXIF orientations is the same picture", (name) => {
    const upright = read(file(`${ROBUSTNESS}/exif/${name}_1.jpg`)).pixels;
    for (let orientation = 2; orientation <= 8; orientation++) {
      // Each file was compressed on its own, so that they are near, not equal.
      expect(difference(read(file(`${ROBUSTNESS}/exif/${name}_${orientation}.jpg`)).pixels, upright)).toBeLessThan(3);
    }
  });

  test("a fully transparent PNG is white", () => {
    const { pixels } = read(file(`${ROBUSTNESS}/sharp/full-transparent.png`));
    expect(pixels.every((value) => value === 255)).toBe(true);
  });

  test("grey stays grey in RGB", () => {
    const { pixels } = read(file(`${ROBUSTNESS}/sharp/grey-8bit-alpha.png`));
    for (let i = 0; i < pixels.length; i += 3) expect([pixels[i + 1], pixels[i + 2]]).toEqual([pixels[i], pixels[i]]);
  });

  test.each([
    ["animated-loop-3.gif", "gif"],
    ["rotating-squares.webp", "webp"],
  ])("of the animation %s the first frame is read", (name, format) => {
    expect(read(file(`${ROBUSTNESS}/sharp/${name}`))).toMatchObject({ format, animated: true });
  });

  test.each([
    "sharp/Channel_digital_image_CMYK_color_no_profile.jpg",
    "sharp/Flag_of_the_Netherlands-16bit.png",
    "sharp/16-bit-grey-alpha.png",
    "sharp/G31D.TIF",
    "sharp/p3.png",
    "avif/fox.profile2.12bpc.yuv422.avif",
  ])("%s is read", (name) => {
    const { pixels } = read(file(`${ROBUSTNESS}/${name}`));
    expect(new Set(pixels).size).toBeGreaterThan(1);
  });

  test.each(["truncated.jpg", "truncated.png"])("%s is unreadable", (name) => {
    expect(codeOf(file(`${ROBUSTNESS}/sharp/${name}`))).toBe("image_unreadable");
  });

  test.each(["check.svg", "circle.svg"])("%s is unsupported", (name) => {
    expect(codeOf(file(`${ROBUSTNESS}/sharp/${name}`))).toBe("unsupported_image");
  });
});
