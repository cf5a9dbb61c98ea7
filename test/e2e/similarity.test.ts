// POST /v1/similarity: pictures and texts in one space.
import { expect, inject, test } from "vitest";
import { dataUri, picture, problemOf } from "./request.ts";

interface Similarity {
  items: { kind: string; index: number }[];
  matrix?: number[][];
  pairs?: { a: number; b: number; cosine: number }[];
  duplicates: { a: number; b: number; cosine: number }[];
  duplicate_threshold: number;
  warnings: { code: string; pointer?: string }[];
}

const send = (body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(`${inject("url")}/v1/similarity`, { method: "POST", body, headers });
const sendJson = (body: unknown) => send(JSON.stringify(body), { "content-type": "application/json" });
async function similarity(body: unknown): Promise<Similarity> {
  const response = await sendJson(body);
  if (!response.ok) throw new Error(await response.text());
  return response.json() as Promise<Similarity>;
}

const [shirt, pants] = [dataUri(await picture("t-shirt")), dataUri(await picture("pants"))];

test("the matrix is symmetric with ones on its diagonal, images first", async () => {
  const { items, matrix = [] } = await similarity({
    images: [shirt, pants],
    texts: ["a photo of a t-shirt.", "a photo of pants."],
  });
  expect(items).toEqual([
    { kind: "image", index: 0 },
    { kind: "image", index: 1 },
    { kind: "text", index: 0 },
    { kind: "text", index: 1 },
  ]);
  for (const [a, row] of matrix.entries()) {
    expect(row[a]).toBeCloseTo(1, 4);
    for (const [b, cosine] of row.entries()) expect(cosine).toBeCloseTo(matrix[b]?.[a] ?? Number.NaN, 5);
  }
  expect(matrix[0]?.[2]).toBeGreaterThan(matrix[0]?.[3] ?? 1);
});

test("a picture sent twice is a near-duplicate, texts never are", async () => {
  const { duplicates, duplicate_threshold } = await similarity({
    images: [shirt, pants, shirt],
    texts: ["same", "same"],
  });
  expect(duplicates).toEqual([{ a: 0, b: 2, cosine: expect.closeTo(1, 4) }]);
  expect(duplicate_threshold).toBe(0.9);
});

test("with pairs only these are answered", async () => {
  const { matrix, pairs } = await similarity({
    images: [shirt],
    texts: ["a", "b"],
    pairs: [
      [0, 2],
      [1, 2],
    ],
  });
  expect(matrix).toBeUndefined();
  expect(pairs?.map(({ a, b }) => [a, b])).toEqual([
    [0, 2],
    [1, 2],
  ]);
});

test("a form takes several pictures, and texts by repeating the field", async () => {
  const form = new FormData();
  for (const name of ["t-shirt", "pants"]) form.append("image", new Blob([await picture(name)]), name);
  for (const text of ["one", "two"]) form.append("texts", text);
  const response = await send(form);
  expect(((await response.json()) as Similarity).items.map(({ kind }) => kind)).toEqual([
    "image",
    "image",
    "text",
    "text",
  ]);
});

test("32 pictures and 256 texts in one request", async () => {
  const { matrix = [] } = await similarity({
    images: Array(32).fill(pants),
    texts: Array.from({ length: 256 }, (_, i) => `text ${i}`),
  });
  expect([matrix.length, matrix[0]?.length]).toEqual([288, 288]);
});

test("a text that is cut is named", async () => {
  const { warnings } = await similarity({ texts: ["short", "long ".repeat(100)] });
  expect(warnings).toMatchObject([{ code: "text_truncated", pointer: "/texts/1" }]);
});

test.each<[string, unknown, number, string, string?]>([
  ["one item", { texts: ["a"] }, 400, "invalid_request", ""],
  ["33 pictures", { images: Array(33).fill(pants) }, 400, "invalid_request", "/images"],
  ["257 texts", { texts: Array(257).fill("a") }, 400, "invalid_request", "/texts"],
  ["an empty text", { texts: ["a", ""] }, 400, "invalid_request", "/texts/1"],
  ["a pair outside", { texts: ["a", "b"], pairs: [[0, 2]] }, 400, "invalid_request", "/pairs/0"],
  ["a pair of one", { texts: ["a", "b"], pairs: [[0]] }, 400, "invalid_request", "/pairs/0/1"],
  ["a pair of three", { texts: ["a", "b"], pairs: [[0, 1, 0]] }, 400, "invalid_request", "/pairs/0/2"],
  ["a damaged picture", { images: [pants, { data: "/9j/4AAQ" }] }, 422, "image_unreadable", "/images/1"],
  ["a picture in the singular", { image: pants, texts: ["a"] }, 400, "invalid_request", "/image"],
])("%s is refused", async (_name, body, status, code, pointer) => {
  const response = await sendJson(body);
  const problem = await problemOf(response);
  expect([response.status, problem.code]).toEqual([status, code]);
  if (pointer !== undefined) expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
});
