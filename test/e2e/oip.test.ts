// The vision Worker by its own protocol: Open Inference Protocol v2 with and without the binary tensor extension.
import { readFileSync } from "node:fs";
import { expect, inject, test } from "vitest";
import { decodeResponse, HEADER_LENGTH } from "../../src/core/oip/decode.ts";
import { encodeRequest } from "../../src/core/oip/encode.ts";
import { canaryPixels } from "../../src/core/pack/canary.ts";
import { problemOf } from "./request.ts";

const SIZE: number = JSON.parse(readFileSync("models/nano/pack.json", "utf8")).image.size;
const PIXELS = SIZE * SIZE * 3;

/** Pictures that differ: the canary, shifted. */
const pictures = (count: number) => {
  const canary = canaryPixels(SIZE);
  return Uint8Array.from({ length: count * PIXELS }, (_, at) => canary[(at % PIXELS) + 0] ?? 0).map(
    (value, at) => (value + 40 * Math.floor(at / PIXELS)) & 255,
  );
};

const infer = (init: RequestInit) => fetch(`${inject("vision")}/v2/models/vision/infer`, { method: "POST", ...init });

async function vectors(data: Uint8Array<ArrayBuffer>): Promise<Float32Array[]> {
  const count = data.length / PIXELS;
  const response = await infer(
    encodeRequest([{ name: "pixels", datatype: "UINT8", shape: [count, SIZE, SIZE, 3], data }]),
  );
  if (!response.ok) throw new Error(await response.text());
  const { outputs } = decodeResponse(new Uint8Array(await response.arrayBuffer()), response.headers.get(HEADER_LENGTH));
  const [embedding] = outputs;
  if (embedding?.datatype !== "FP32") throw new Error("no FP32 output");
  const width = embedding.data.length / count;
  return Array.from({ length: count }, (_, row) => embedding.data.slice(row * width, (row + 1) * width));
}

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

test("a vector is the same alone and in any batch", async () => {
  const data = pictures(8);
  const together = await vectors(data);
  for (const [row, vector] of together.entries()) {
    const [alone] = await vectors(data.slice(row * PIXELS, (row + 1) * PIXELS));
    expect(cosine(vector, alone ?? vector.fill(0))).toBeGreaterThan(0.99999);
  }
});

test("vectors are unit vectors, and different pictures get different ones", async () => {
  const [a, b] = await vectors(pictures(2));
  expect(a && Math.hypot(...a)).toBeCloseTo(1, 4);
  expect(a && b && cosine(a, b)).toBeLessThan(0.999);
});

test("JSON in, JSON out gives the same vector as binary", async () => {
  const data = pictures(1);
  const [binary] = await vectors(data);
  const request = {
    id: "one",
    inputs: [{ name: "pixels", datatype: "UINT8", shape: [1, SIZE, SIZE, 3], data: [...data] }],
  };
  const response = await infer({ body: JSON.stringify(request), headers: { "content-type": "application/json" } });
  const answer = (await response.json()) as {
    id: string;
    model_name: string;
    outputs: { shape: number[]; data: number[] }[];
  };
  expect(answer).toMatchObject({
    id: "one",
    model_name: "vision",
    outputs: [{ name: "embedding", datatype: "FP32", shape: [1, binary?.length] }],
  });
  expect(cosine(Float32Array.from(answer.outputs[0]?.data ?? []), binary ?? new Float32Array())).toBeCloseTo(1, 5);
});

test("metadata tells inputs, outputs and the pack", async () => {
  const metadata = await (await fetch(`${inject("vision")}/v2/models/vision`)).json();
  expect(metadata).toMatchObject({
    name: "vision",
    inputs: [{ name: "pixels", datatype: "UINT8", shape: [-1, SIZE, SIZE, 3] }],
    outputs: [{ name: "embedding", datatype: "FP32" }],
    parameters: { id: "nano" },
  });
});

test.each<[string, unknown, string]>([
  [
    "another tensor",
    [{ name: "x", datatype: "UINT8", shape: [1, SIZE, SIZE, 3], data: [...pictures(1)] }],
    "/inputs/0/name",
  ],
  ["another shape", [{ name: "pixels", datatype: "UINT8", shape: [1, 1, 1, 3], data: [1, 2, 3] }], "/inputs/0/shape"],
  ["another datatype", [{ name: "pixels", datatype: "FP32", shape: [1], data: [1] }], "/inputs/0/datatype"],
  ["a number out of range", [{ name: "pixels", datatype: "UINT8", shape: [1], data: [256] }], "/inputs/0/data/0"],
  ["too few numbers", [{ name: "pixels", datatype: "UINT8", shape: [2], data: [1] }], "/inputs/0/data"],
])("%s is refused by name", async (_name, inputs, pointer) => {
  const response = await infer({ body: JSON.stringify({ inputs }), headers: { "content-type": "application/json" } });
  const problem = await problemOf(response);
  expect([response.status, problem.code, problem.errors?.[0]?.pointer]).toEqual([400, "invalid_request", pointer]);
});

test("too many pictures at once are refused", async () => {
  const response = await infer(
    encodeRequest([{ name: "pixels", datatype: "UINT8", shape: [9, SIZE, SIZE, 3], data: pictures(9) }]),
  );
  expect((await problemOf(response)).errors?.[0]?.pointer).toBe("/inputs/0/shape/0");
});

test("another model is not found", async () => {
  const response = await fetch(`${inject("vision")}/v2/models/text`);
  expect([response.status, (await problemOf(response)).code]).toEqual([404, "model_not_found"]);
});
