// safetensors: numbers of every precision, and headers that lie.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Safetensors } from "../../../src/build/checkpoint/safetensors.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-safetensors-"));
afterAll(() => rmSync(dir, { recursive: true }));

let files = 0;
function write(header: unknown, data: Uint8Array = new Uint8Array(), length?: number | bigint): string {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  const path = join(dir, `${files++}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

test.each<[string, Uint8Array]>([
  ["F32", bytesOf(Float32Array.of(1, -0.5, 0.25, 3))],
  ["F16", bytesOf(Float16Array.of(1, -0.5, 0.25, 3))],
  // The upper halves of the same four numbers.
  ["BF16", bytesOf(Uint16Array.from(new Uint32Array(Float32Array.of(1, -0.5, 0.25, 3).buffer), (bits) => bits >>> 16))],
])("%s is read as fp32", (dtype, data) => {
  const tensors = Safetensors.open(
    write({ __metadata__: { format: "pt" }, w: { dtype, shape: [2, 2], data_offsets: [0, data.length] } }, data),
  );
  expect([...tensors.read("w", [2, 2])]).toEqual([1, -0.5, 0.25, 3]);
  expect(tensors.names).toEqual(["w"]);
  expect(() => tensors.read("w", [4])).toThrow("w has the shape [2,2], the configuration asks for [4]");
  expect(() => tensors.read("v", [4])).toThrow("there is no tensor v");
  tensors.close();
});

describe("a header that lies is refused", () => {
  const entry = (rest: object) => ({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4], ...rest } });
  const four = new Uint8Array(4);

  test.each<[string, () => string, RegExp]>([
    ["longer than the file", () => write(entry({}), four, 10_000), /does not fit the file/],
    ["longer than any file", () => write(entry({}), four, 2n ** 63n), /does not fit the file/],
    ["no JSON", () => write("{"), /not JSON/],
    ["a list", () => write([]), /no object/],
    ["an unknown dtype", () => write(entry({ dtype: "F8" }), four), /w: dtype/],
    ["a negative dimension", () => write(entry({ shape: [-1] }), four), /w: shape/],
    ["a shape that overflows", () => write(entry({ shape: [2 ** 40, 2 ** 40] }), four), /do not fit/],
    ["offsets past the file", () => write(entry({ data_offsets: [4, 8] }), four), /do not fit/],
    ["offsets that do not fit the shape", () => write(entry({ data_offsets: [0, 3] }), four), /do not fit/],
    ["a gap", () => write(entry({ data_offsets: [4, 8] }), new Uint8Array(8)), /overlap others or leave a gap/],
    [
      "an overlap",
      () => write({ ...entry({}), v: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, four),
      /overlap/,
    ],
  ])("%s", (_name, path, message) => {
    expect(() => Safetensors.open(path())).toThrow(message);
  });

  test("a file of seven bytes", () => {
    const path = join(dir, "short");
    writeFileSync(path, new Uint8Array(7));
    expect(() => Safetensors.open(path)).toThrow(/too short/);
  });
});
