// What is wrong with a request, each with its own code and status, through the real Workers.
import { readFileSync } from "node:fs";
import { describe, expect, inject, test } from "vitest";
import { answerOf, dataUri, picture, post, postJson, problemOf } from "./request.ts";

const hat = await picture("hat");
const image = dataUri(hat);

const bomb = (name: string) => new Uint8Array(readFileSync(`test/fixtures/bombs/${name}`));

/** A PNG whose header says 20,000 x 10,000 pixels. */
const hugePng = () => {
  const bytes = new Uint8Array(64);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, 20_000);
  view.setUint32(20, 10_000);
  bytes.set([8, 2, 0, 0, 0], 24);
  return bytes;
};

type Case = [name: string, send: () => Promise<Response>, status: number, code: string, field?: string];

const cases: Case[] = [
  [
    "not an image",
    () => post("?bank=everyday", new TextEncoder().encode("just words, no picture")),
    415,
    "unsupported_image",
  ],
  ["a truncated picture", () => post("?bank=everyday", hat.slice(0, hat.length / 2)), 422, "image_unreadable"],
  ["zero bytes", () => post("?bank=everyday", new Uint8Array()), 422, "image_unreadable"],
  ["a header of 200 megapixels", () => post("?bank=everyday", hugePng()), 422, "image_too_many_pixels"],
  ["an AVIF of 12 megapixels", () => post("?bank=everyday", bomb("12mp.avif")), 422, "image_too_many_pixels"],
  [
    "an AVIF of 12 megapixels that says it has one",
    () => post("?bank=everyday", bomb("12mp-says-1mp.avif")),
    422,
    "image_too_many_pixels",
  ],
  [
    "a bomb of 35 KB that passes the header check",
    () => post("?bank=everyday", bomb("one-strip.tif")),
    422,
    "image_too_many_pixels",
  ],
  ["a body of 30 MB", () => post("?bank=everyday", new Uint8Array(30_000_000)), 413, "body_too_large"],
  ["a JSON body of 30 MB", () => postJson({ image: "x".repeat(30_000_000) }), 413, "body_too_large"],
  [
    "a wrong content type",
    () => post("?bank=everyday", "x", { "content-type": "text/html" }),
    415,
    "unsupported_media_type",
  ],
  ["an unknown bank", () => post("?bank=nope", hat), 404, "bank_not_found"],
  ["neither bank nor labels", () => post("", hat), 400, "invalid_request", "bank"],
  ["both bank and labels", () => post("?bank=everyday&labels=a", hat), 400, "invalid_request", "bank"],
  ["a template beside a bank", () => post("?bank=everyday&template=a%20{}", hat), 400, "invalid_request", "template"],
  [
    "a template without a place",
    () => postJson({ image, labels: ["a"], template: "a photo" }),
    400,
    "invalid_request",
    "/template",
  ],
  [
    "1,001 labels",
    () => postJson({ image, labels: Array.from({ length: 1_001 }, (_, i) => `l${i}`) }),
    400,
    "too_many_labels",
    "/labels",
  ],
  ["101 labels in the query", () => post(`?${"labels=a&".repeat(101)}`, hat), 400, "too_many_labels", "labels"],
  ["no labels", () => postJson({ image, labels: [] }), 400, "invalid_request", "/labels"],
  ["an empty label", () => postJson({ image, labels: ["cat", " "] }), 400, "invalid_request", "/labels/1"],
  [
    "a label whose name is a number",
    () => postJson({ image, labels: [{ name: 1 }] }),
    400,
    "invalid_request",
    "/labels/0/name",
  ],
  ["a label that is a number", () => postJson({ image, labels: [1] }), 400, "invalid_request", "/labels/0"],
  [
    "a threshold that is no number",
    () => post("?bank=everyday&threshold=NaN", hat),
    400,
    "invalid_request",
    "threshold",
  ],
  [
    "a threshold past 1",
    () => postJson({ image, bank: "everyday", threshold: 1.5 }),
    400,
    "invalid_request",
    "/threshold",
  ],
  ["a top_k of 0", () => post("?bank=everyday&top_k=0", hat), 400, "invalid_request", "top_k"],
  ["an unknown option", () => post("?bank=everyday&topk=3", hat), 400, "invalid_request", "topk"],
  ["a repeated option", () => post("?bank=everyday&bank=scenes", hat), 400, "invalid_request", "bank"],
  ["broken JSON", () => post("", "{", { "content-type": "application/json" }), 400, "invalid_json"],
  ["JSON that is no object", () => postJson([1]), 400, "invalid_request", ""],
  ["no picture in JSON", () => postJson({ bank: "everyday" }), 400, "invalid_request", "/image"],
  [
    "base64 that is none",
    () => postJson({ image: { data: "%%%" }, bank: "everyday" }),
    400,
    "invalid_base64",
    "/image/data",
  ],
  [
    "a data URI of text",
    () => postJson({ image: "data:text/plain;base64,aGk=", bank: "everyday" }),
    400,
    "invalid_request",
    "/image",
  ],
  ["a URL", () => postJson({ image: "https://example.com/a.jpg", bank: "everyday" }), 422, "remote_refused", "/image"],
  [
    "a form that is none",
    () => post("", "--x", { "content-type": "multipart/form-data; boundary=y" }),
    400,
    "invalid_request",
  ],
  [
    "an option as a file",
    () => {
      const form = new FormData();
      form.append("image", new Blob([hat]));
      form.append("bank", new Blob(["everyday"]));
      return post("", form);
    },
    400,
    "invalid_request",
    "bank",
  ],
  [
    "a compressed body",
    () => post("?bank=everyday", hat, { "content-encoding": "gzip" }),
    415,
    "unsupported_media_type",
  ],
  ["an unknown path", () => fetch(`${inject("url")}/v1/nothing`), 404, "not_found"],
  ["a wrong method", () => fetch(`${inject("url")}/v1/models`, { method: "DELETE" }), 405, "method_not_allowed"],
];

describe.each(cases)("%s", (_name, send, status, code, field) => {
  test(`is answered with ${status} ${code}`, async () => {
    const response = await send();
    const problem = await problemOf(response);
    expect({
      status: response.status,
      type: response.headers.get("content-type"),
      code: problem.code,
      inBody: problem.status,
    }).toEqual({
      status,
      type: "application/problem+json",
      code,
      inBody: status,
    });
    expect(problem.instance).toBe(response.headers.get("x-request-id"));
    if (field !== undefined) expect(problem.errors?.map((error) => error.pointer ?? error.parameter)).toContain(field);
  });
});

test("after all of these a good picture is answered", async () => {
  const answer = await answerOf(await post("?bank=everyday", hat));
  expect(answer.predictions).toHaveLength(5);
});
