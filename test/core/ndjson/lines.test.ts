// Lines of NDJSON: the same ones however the stream is cut, each at the place that it says.
import { expect, test } from "vitest";
import { type Line, linesOf } from "../../../src/core/ndjson/lines.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

async function* cut(bytes: Uint8Array, size: (at: number) => number): AsyncGenerator<Uint8Array> {
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const end = at + size(piece);
    yield bytes.slice(at, end);
    at = end;
  }
}
async function read(text: string, size: (at: number) => number, most = 1_000): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of linesOf(cut(encode(text), size), most)) lines.push(line);
  return lines;
}

const TEXT = '{"a":1}\n\n{"b":"ä€😀"}\r\n   \n{"c":3}';

test("lines with their numbers, blank ones left out, the last without a newline", async () => {
  const lines = await read(TEXT, () => 1_000);
  expect(lines.map(({ bytes, number }) => [decode(bytes), number])).toEqual([
    ['{"a":1}', 1],
    ['{"b":"ä€😀"}\r', 3],
    ['{"c":3}', 5],
  ]);
});

test("however the stream is cut, the lines are the same and lie where they say", async () => {
  const whole = await read(TEXT, () => 1_000);
  const bytes = encode(TEXT);
  for (let size = 1; size <= bytes.length; size++) {
    const lines = await read(TEXT, (piece) => 1 + ((piece * 7) % size));
    expect(lines).toEqual(whole);
  }
  for (const { bytes: own, offset, length } of whole)
    expect(decode(bytes.slice(offset, offset + length))?.replace("\n", "")).toBe(decode(own));
});

test("a line that is too long is told without its bytes, and the next ones are read", async () => {
  const lines = await read(`ab\n${"x".repeat(50)}\ncd\n`, () => 3, 10);
  expect(lines.map(({ bytes, length }) => [decode(bytes), length])).toEqual([
    ["ab", 3],
    [undefined, 51],
    ["cd", 3],
  ]);
});
