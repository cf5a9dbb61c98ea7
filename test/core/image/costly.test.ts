// Small files that would keep a decoder busy.
import { deflateSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { openMagick } from "../../../src/build/calibrate.ts";
import { readHeader } from "../../../src/core/image/header.ts";
import type { Magick } from "../../../src/core/image/magick.ts";
import { toPixels } from "../../../src/core/image/pixels.ts";
import { chunk, writePng } from "./writePng.ts";

let magick: Magick;
beforeAll(async () => {
  magick = await openMagick();
});

const plain = writePng(8, 8, (x, y) => [x * 30, y * 30, 128]);
const BEHIND_HEADER = 33;
const withChunks = (one: Uint8Array, count: number) =>
  new Uint8Array(
    Buffer.concat([
      plain.subarray(0, BEHIND_HEADER),
      ...new Array<Uint8Array>(count).fill(one),
      plain.subarray(BEHIND_HEADER),
    ]),
  );
const seen = (bytes: Uint8Array) => toPixels(magick, bytes, { size: 8 }).pixels;

test("a PNG may have more texts than are read", () => {
  expect(seen(withChunks(chunk("tEXt", Buffer.from("Comment\0hello", "latin1")), 100))).toEqual(seen(plain));
});

test("a PNG's packed texts are not all unpacked: 300 of 7 MB with a wrong checksum", () => {
  const packed = deflateSync(Buffer.alloc(7e6, 65));
  packed[packed.length - 1] = (packed[packed.length - 1] ?? 0) ^ 1;
  const bytes = withChunks(chunk("zTXt", Buffer.concat([Buffer.from("key\0\0", "latin1"), packed])), 300);
  const before = process.cpuUsage();
  expect(seen(bytes)).toEqual(seen(plain));
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(2); // seconds of the processor; 0.2, and 4 where all are unpacked
});

/** Start of frame (40 x 30, one component), then scans of nothing. */
const jpeg = (startOfFrame: number, scans: number, ...end: number[]) => {
  const frame = [0xff, startOfFrame, 0, 11, 8, 0, 30, 0, 40, 1, 1, 0x11, 0];
  const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0, 0x12, 0xff, 0x00];
  return Uint8Array.from([0xff, 0xd8, ...frame, ...new Array(scans).fill(scan).flat(), ...end]);
};

test.each([
  ["100 scans of a progressive one", jpeg(0xc2, 100)],
  ["what comes behind its end", jpeg(0xc2, 1, 0xff, 0xd9, ...jpeg(0xc2, 100))],
  ["many scans of a baseline one, which cover the picture together", jpeg(0xc0, 200)],
])("a JPEG is read: %s", (_name, bytes) => {
  expect(readHeader("jpeg", bytes)).toMatchObject({ width: 40, height: 30 });
});

test("a progressive JPEG of more scans than any encoder makes is refused", () => {
  expect(() => readHeader("jpeg", jpeg(0xc2, 101))).toThrow(expect.objectContaining({ code: "image_unreadable" }));
});
