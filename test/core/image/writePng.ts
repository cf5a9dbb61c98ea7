// PNG files for tests: what each pixel is, and an EXIF orientation.
import { crc32, deflateSync } from "node:zlib";

type Rgb = readonly [number, number, number];

export function chunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const around = Buffer.alloc(8);
  around.writeUInt32BE(data.length);
  around.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
}

/** A TIFF directory with tag 0x0112 only. */
function exif(orientation: number): Uint8Array {
  const directory = Buffer.alloc(26);
  directory.write("MM\0*", "latin1");
  directory.writeUInt32BE(8, 4);
  directory.writeUInt16BE(1, 8);
  directory.writeUInt16BE(0x0112, 10);
  directory.writeUInt16BE(3, 12);
  directory.writeUInt32BE(1, 14);
  directory.writeUInt16BE(orientation, 18);
  return directory;
}

export function writePng(
  width: number,
  height: number,
  pixel: (x: number, y: number) => Rgb,
  orientation?: number,
): Uint8Array<ArrayBuffer> {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  const rows = Buffer.alloc((1 + width * 3) * height);
  let at = 0;
  for (let y = 0; y < height; y++) {
    at++; // filter 0
    for (let x = 0; x < width; x++) for (const value of pixel(x, y)) rows[at++] = value;
  }
  return new Uint8Array(
    Buffer.concat([
      Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
      chunk("IHDR", header),
      ...(orientation ? [chunk("eXIf", exif(orientation))] : []),
      chunk("IDAT", deflateSync(rows)),
      chunk("IEND", new Uint8Array()),
    ]),
  );
}
