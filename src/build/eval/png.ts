// Pixels as a small PNG, for pictures inside a report.
import { crc32, deflateSync } from "node:zlib";

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** @param pixels uint8 [S, S, 3], RGB, row-major */
export function png(pixels: Uint8Array, size: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  // 8 bits, RGB.
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(size * (size * 3 + 1));
  for (let y = 0; y < size; y++) rows.set(pixels.subarray(y * size * 3, (y + 1) * size * 3), y * (size * 3 + 1) + 1);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** @returns uint8 [T, T, 3] with T at most `most`, by averaging whole boxes of pixels */
export function smaller(pixels: Uint8Array, size: number, most: number): { pixels: Uint8Array; size: number } {
  const box = Math.ceil(size / most);
  const side = Math.floor(size / box);
  const out = new Uint8Array(side * side * 3);
  for (let at = 0; at < out.length; at++) {
    const [x, y, channel] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side), at % 3];
    let sum = 0;
    for (let dy = 0; dy < box; dy++)
      for (let dx = 0; dx < box; dx++) sum += pixels[((y * box + dy) * size + x * box + dx) * 3 + channel] ?? 0;
    out[at] = Math.round(sum / (box * box));
  }
  return { pixels: out, size: side };
}
