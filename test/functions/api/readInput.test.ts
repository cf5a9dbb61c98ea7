// Fields of forms that are made to be slow.
import { expect, test } from "vitest";
import { readInput } from "../../../src/functions/api/readInput.ts";

const read = (fields: [string, string][]) => {
  const form = new FormData();
  form.append("image", new Blob([new Uint8Array([1])]));
  for (const [name, value] of fields) form.append(name, value);
  const request = new Request("https://edge.example.com/v1/classify", { method: "POST", body: form });
  return readInput(request, 1, () => Promise.reject(new Error("nothing is fetched here")));
};

test("numbers are numbers, lists are lists, the rest is text", async () => {
  const { options } = await read([
    ["top_k", "3"],
    ["threshold", "5.e-1"],
    ["min_score", "1.2.3"],
    ["bank", "7"],
    ["labels", "a"],
    ["texts", "b"],
    ["texts", "2"],
  ]);
  expect(options).toEqual({
    top_k: 3,
    threshold: 0.5,
    min_score: "1.2.3",
    bank: "7",
    labels: ["a"],
    texts: ["b", "2"],
  });
});

test("a megabyte of digits is no number, and told so at once", async () => {
  const digits = `${"1".repeat(1_000_000)}x`;
  expect((await read([["top_k", digits]])).options).toEqual({ top_k: digits });
});

test("20,000 labels are taken in one go, to be refused as too many", async () => {
  const { options } = await read(Array.from({ length: 20_000 }, (): [string, string] => ["labels", "a"]));
  expect(options.labels).toHaveLength(20_000);
});

test("another option may come once", async () => {
  await expect(
    read([
      ["bank", "a"],
      ["bank", "b"],
    ]),
  ).rejects.toMatchObject({ code: "invalid_request", errors: [{ parameter: "bank" }] });
});
