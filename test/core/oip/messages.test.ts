// OIP v2 messages: what is encoded decodes to itself, what is malformed is refused by name.
import { describe, expect, test } from "vitest";
import { decodeRequest, decodeResponse, HEADER_LENGTH } from "../../../src/core/oip/decode.ts";
import { encodeRequest, encodeResponse } from "../../../src/core/oip/encode.ts";
import type { Tensor } from "../../../src/core/oip/tensor.ts";
import { Problem } from "../../../src/core/problem.ts";

/** A small deterministic generator (mulberry32), so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function tensorsOf(seed: number): Tensor[] {
  const next = random(seed);
  const below = (bound: number) => Math.floor(next() * bound);
  return Array.from({ length: 1 + below(3) }, (_, index): Tensor => {
    const shape = Array.from({ length: 1 + below(3) }, () => 1 + below(5));
    const count = shape.reduce((product, dim) => product * dim, 1);
    const name = `tensor_${index}`;
    const kind = below(3);
    if (kind === 0)
      return { name, datatype: "UINT8", shape, data: Uint8Array.from({ length: count }, () => below(256)) };
    if (kind === 1)
      return {
        name,
        datatype: "INT32",
        shape,
        data: Int32Array.from({ length: count }, () => below(2 ** 32) - 2 ** 31),
      };
    return { name, datatype: "FP32", shape, data: Float32Array.from({ length: count }, () => next() * 2 - 1) };
  });
}

const seeds = Array.from({ length: 40 }, (_, seed) => seed + 1);

test.each(seeds)("request %i comes back, in the binary tensor extension", (seed) => {
  const tensors = tensorsOf(seed);
  const { headers, body } = encodeRequest(tensors);
  expect(decodeRequest(body, headers[HEADER_LENGTH] ?? null).inputs).toEqual(tensors);
});

test.each(seeds)("response %i comes back, in JSON and in binary", (seed) => {
  const tensors = tensorsOf(seed);
  for (const binary of [false, true]) {
    const { header } = decodeRequest(
      encodeRequest(tensorsOf(1)).body,
      encodeRequest(tensorsOf(1)).headers[HEADER_LENGTH] ?? null,
    );
    const asked = { ...header, parameters: { binary_data_output: binary } };
    const { headers, body } = encodeResponse({ name: "vision", version: "1" }, asked, tensors);
    expect(HEADER_LENGTH in headers).toBe(binary);
    expect(decodeResponse(body, headers[HEADER_LENGTH] ?? null)).toEqual({ version: "1", outputs: tensors });
  }
});

describe("malformed", () => {
  const bytes = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
  const tensor = (rest: object) => ({ inputs: [{ name: "x", datatype: "UINT8", shape: [2], ...rest }] });
  const size = (binary_data_size: unknown) => ({ parameters: { binary_data_size } });

  test.each<[string, unknown, string | null, string, string?]>([
    ["no JSON", "{", null, "invalid_json"],
    ["no UTF-8", "\ud800", "1", "invalid_json"],
    ["a header length past the body", tensor({ data: [1, 2] }), "9999", "invalid_request", ""],
    ["a header length that is none", tensor({ data: [1, 2] }), "-1", "invalid_request", ""],
    ["no inputs", { inputs: [] }, null, "invalid_request", "/inputs"],
    ["an unknown datatype", tensor({ datatype: "BF16", data: [1, 2] }), null, "invalid_request", "/inputs/0/datatype"],
    ["no data", tensor({}), null, "invalid_request", "/inputs/0/data"],
    ["too few numbers", tensor({ data: [1] }), null, "invalid_request", "/inputs/0/data"],
    ["a number out of range", tensor({ data: [1, 256] }), null, "invalid_request", "/inputs/0/data/1"],
    ["a text for a number", tensor({ data: [1, "2"] }), null, "invalid_request", "/inputs/0/data/1"],
    ["a negative dimension", tensor({ shape: [-2], data: [] }), null, "invalid_request", "/inputs/0/shape/0"],
    [
      "a binary size that does not fit",
      tensor(size(3)),
      null,
      "invalid_request",
      "/inputs/0/parameters/binary_data_size",
    ],
    ["a binary size past the body", tensor(size(2)), null, "invalid_request", "/inputs/0/parameters/binary_data_size"],
  ])("%s", (_name, body, headerLength, code, pointer) => {
    let problem: unknown;
    try {
      decodeRequest(bytes(body), headerLength);
    } catch (error) {
      problem = error;
    }
    expect(problem).toBeInstanceOf(Problem);
    if (!(problem instanceof Problem)) return;
    expect(problem.code).toBe(code);
    if (pointer !== undefined) expect(problem.errors[0]?.pointer).toBe(pointer);
  });

  test("bytes that belong to no tensor", () => {
    const json = bytes(tensor({ data: [1, 2] }));
    const body = new Uint8Array([...json, 1, 2, 3]);
    expect(() => decodeRequest(body, String(json.length))).toThrow(/3 bytes/);
  });
});
