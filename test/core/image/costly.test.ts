// Small files that would keep a decoder busy.
import { deflateSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { openMagick } from "../../../src/build/calibrate.ts";
import { readHeader } from "../../../src/core/image/header.ts";
import type { Magick } from "../../../src/core/image/magick.ts";
import { toPixels } from "../../../src/core/image/pixels.ts";
import { toViews } from "../../../src/core/image/views.ts";
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

test("an APNG's empty chunks take no memory each: 800,000 in a frame", () => {
  const control = (number: number) => {
    const data = Buffer.alloc(26);
    for (const [at, value] of [number, 8, 8].entries()) data.writeUInt32BE(value, at * 4);
    return chunk("fcTL", data);
  };
  const bytes = new Uint8Array(
    Buffer.concat([
      plain.subarray(0, BEHIND_HEADER),
      chunk("acTL", Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])),
      control(0),
      plain.subarray(BEHIND_HEADER, -12),
      control(1),
      Buffer.alloc(800_000 * 12, chunk("fdAT", Buffer.alloc(0))),
      plain.subarray(-12),
    ]),
  );
  const before = process.memoryUsage().heapUsed;
  expect(() => toViews(magick, bytes, { size: 8, frames: 2 })).toThrow(
    expect.objectContaining({ code: "image_too_many_pixels" }),
  );
  expect((process.memoryUsage().heapUsed - before) / 2 ** 20).toBeLessThan(64); // 130 where a list is made of them
});

const segment = (marker: number, ...data: number[]) => [0xff, marker, 0, data.length + 2, ...data];

/** Start of frame (40 x 30, one component), scans of nothing, the end. */
const jpeg = (startOfFrame: number, scans: number, behindFrame: number[] = []) => {
  const frame = segment(startOfFrame, 8, 0, 30, 0, 40, 1, 1, 0x11, 0);
  const scan = [...segment(0xda, 1, 1, 0, 1, 63, 0), 0x12, 0xff, 0x00];
  return [0xff, 0xd8, ...frame, ...behindFrame, ...new Array(scans).fill(scan).flat(), 0xff, 0xd9];
};

test.each([
  ["100 scans of a progressive one", jpeg(0xc2, 100)],
  ["four scans of a baseline one", jpeg(0xc0, 4)],
  ["what looks like scans behind its end", [...jpeg(0xc2, 100), ...new Array(1000).fill([0xff, 0xda]).flat()]],
])("a JPEG is read: %s", (_name, bytes) => {
  expect(readHeader("jpeg", Uint8Array.from(bytes))).toMatchObject({ width: 40, height: 30 });
});

test.each([
  ["progressive", jpeg(0xc2, 101)],
  ["baseline", jpeg(0xc0, 101)],
  ["with an end in a comment", jpeg(0xc2, 101, segment(0xfe, 0xff, 0xd9))],
  [
    "with an end that ImageMagick takes for a comment's",
    jpeg(0xc2, 101, [...segment(0xed, ...Buffer.from("Photoshop 3.0\0"), 0xff, 0xfe, 0, 4), 0xff, 0xd9]),
  ],
])("a JPEG of more scans than any encoder makes is refused: %s", (_name, bytes) => {
  expect(() => readHeader("jpeg", Uint8Array.from(bytes))).toThrow(
    expect.objectContaining({ code: "image_unreadable", message: expect.stringContaining("scans") }),
  );
});
