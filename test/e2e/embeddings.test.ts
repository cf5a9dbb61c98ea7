// POST /v1/embeddings with OpenAI's own client, and in Jina's shape.
import OpenAI from "openai";
import { describe, expect, inject, test } from "vitest";
import { dataUri, picture } from "./request.ts";

const client = () => new OpenAI({ apiKey: "unused", baseURL: `${inject("url")}/v1`, maxRetries: 0 });
const cosine = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

interface Embeddings {
  data: { index: number; embedding: number[] }[];
  usage: { prompt_tokens: number };
}
const post = (body: unknown) =>
  fetch(`${inject("url")}/v1/embeddings`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });

test("OpenAI's client gets unit vectors, as base64 and as numbers", async () => {
  const input = ["a photo of a cat.", "a photo of a dog."];
  const { data, model, usage } = await client().embeddings.create({ model: "nano", input });
  const floats = await client().embeddings.create({ model: "nano", input, encoding_format: "float" });
  expect(model).toBe("nano");
  expect(data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
    [0, 256],
    [1, 256],
  ]);
  expect(usage.prompt_tokens).toBeGreaterThan(2 * 5);
  for (const [at, { embedding }] of data.entries()) {
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 4);
    expect(cosine(embedding, floats.data[at]?.embedding ?? [])).toBeCloseTo(1, 5);
  }
});

test("one text need be no list; its own dimensions are taken", async () => {
  const { data } = await client().embeddings.create({ model: "nano", input: "a cat", dimensions: 256 });
  expect(data).toHaveLength(1);
});

test("OpenAI's client reads errors: message, code and param", async () => {
  await expect(client().embeddings.create({ model: "gpt", input: "a" })).rejects.toMatchObject({
    status: 404,
    code: "model_not_found",
    param: "model",
  });
  await expect(client().embeddings.create({ model: "nano", input: "a", dimensions: 64 })).rejects.toMatchObject({
    status: 400,
    code: "invalid_request",
    param: "dimensions",
    type: "invalid_request_error",
  });
});

test("deployed without a key, the error is OpenAI's too", async () => {
  const closed = new OpenAI({ apiKey: "wrong", baseURL: `${inject("tampered")}/v1`, maxRetries: 0 });
  await expect(closed.embeddings.create({ model: "nano", input: "a" })).rejects.toMatchObject({
    status: 401,
    code: "unauthorized",
  });
});

test("in Jina's shape texts and pictures are mixed, in order, in one space", async () => {
  const bytes = await picture("t-shirt");
  const response = await post({
    model: "nano",
    input: [
      { text: "a photo of a t-shirt." },
      { image: dataUri(bytes) },
      { text: "a photo of a giraffe." },
      { image: Buffer.from(bytes).toString("base64") },
    ],
  });
  expect(response.status).toBe(200);
  expect(response.headers.get("x-edgeclip-space")).toMatch(/^sha256:/);
  const { data } = (await response.json()) as Embeddings;
  const [shirt = [], image = [], giraffe = [], again = []] = data.map(({ embedding }) => embedding);
  expect(cosine(image, shirt)).toBeGreaterThan(cosine(image, giraffe));
  expect(cosine(image, again)).toBeCloseTo(1, 5);
});

describe("refused", () => {
  test.each<[string, unknown, string, string]>([
    ["no input", { model: "nano" }, "invalid_request", "input"],
    ["an empty list", { model: "nano", input: [] }, "invalid_request", "input"],
    ["an empty text", { model: "nano", input: [""] }, "invalid_request", "input.0"],
    ["token ids", { model: "nano", input: [[1, 2]] }, "invalid_request", "input.0"],
    ["a text that is none", { model: "nano", input: [{ text: 1 }] }, "invalid_request", "input.0.text"],
    ["an unknown format", { model: "nano", input: "a", encoding_format: "hex" }, "invalid_request", "encoding_format"],
    ["an unknown option", { model: "nano", input: "a", task: "x" }, "invalid_request", "task"],
    [
      "no picture",
      { model: "nano", input: [{ image: "data:image/png;base64,AAAA" }] },
      "unsupported_image",
      "input.0.image",
    ],
    ["too many texts", { model: "nano", input: Array(257).fill("a") }, "invalid_request", "input"],
  ])("%s", async (_name, body, code, param) => {
    const response = await post(body);
    const { error } = (await response.json()) as { error: { code: string; param: string | null } };
    expect([response.ok, error.code, String(error.param)]).toEqual([false, code, param]);
  });
});
