// Where a field may be one of several things, an error names what is wrong within the one that was meant.
import { describe, expect, test } from "vitest";
import { Problem } from "../../../src/core/problem.ts";
import { BatchSchema } from "../../../src/functions/api/batches/options.ts";
import { EmbeddingsSchema } from "../../../src/functions/api/embeddings.ts";
import { ModerationsSchema } from "../../../src/functions/api/moderations.ts";
import { parseOptions } from "../../../src/functions/input/parseOptions.ts";
import { ClassifySchema } from "../../../src/functions/tasks/classifyOptions.ts";

const SCHEMAS = {
  labels: (labels: unknown) => parseOptions(ClassifySchema, { options: { labels }, form: "json" }),
  moderations: (input: unknown) => parseOptions(ModerationsSchema, { options: { input }, form: "json" }),
  embeddings: (input: unknown) => parseOptions(EmbeddingsSchema, { options: { model: "m", input }, form: "json" }),
  batches: (input: unknown) => parseOptions(BatchSchema, { options: { task: "embed", input }, form: "json" }),
};

function errorsOf(of: keyof typeof SCHEMAS, value: unknown): [string | undefined, string][] {
  try {
    SCHEMAS[of](value);
  } catch (error) {
    if (error instanceof Problem) return error.errors.map(({ pointer, message }) => [pointer, message]);
    throw error;
  }
  return [];
}

const ITEM = 'must be a text, {"text"} or {"image"}';
const PART = 'must be a text, or an object of type "text" or "image_url"';
const LONG = "a".repeat(1_001);

describe.each<[keyof typeof SCHEMAS, [string, unknown, string, string][]]>([
  [
    "labels",
    [
      ["a name that is no text", [{ name: 1 }], "/labels/0/name", "must be text"],
      ["an empty name", ["a", { name: " " }], "/labels/1/name", "must not be empty"],
      ["no name", [{ text: "a" }], "/labels/0/name", "is missing"],
      ["a text that is none", [{ name: "a", text: [] }], "/labels/0/text", "must be text"],
      ["pictures that are no list", [{ name: "a", images: "b" }], "/labels/0/images", "must be a list of pictures"],
      ["no pictures", [{ name: "a", images: [] }], "/labels/0/images", "must have at least one picture"],
      ["an unknown key", [{ name: "a", weight: 1 }], "/labels/0/weight", "is not known here"],
      ["a number", [1], "/labels/0", "must be a text, or an object with name and maybe text and images"],
      ["a list", [["a"]], "/labels/0", "must be a text, or an object with name and maybe text and images"],
      ["a long text", [LONG], "/labels/0", "may have 1000 characters at most"],
    ],
  ],
  [
    "moderations",
    [
      ["no address", [{ type: "image_url", image_url: {} }], "/input/0/image_url/url", "is missing"],
      [
        "an address that is a number",
        [{ type: "image_url", image_url: { url: 1 } }],
        "/input/0/image_url/url",
        "must be an address or a data URI",
      ],
      ["a bare address", [{ type: "image_url", image_url: "a" }], "/input/0/image_url", 'must be {"url"}'],
      [
        "a detail that is no text",
        [{ type: "image_url", image_url: { url: "a", detail: 1 } }],
        "/input/0/image_url/detail",
        "must be text",
      ],
      ["a text that is none", ["a", { type: "text", text: 1 }], "/input/1/text", "must be text"],
      ["an unknown type", [{ type: "video" }], "/input/0/type", 'must be "text" or "image_url"'],
      ["no type", [{ image_url: { url: "a" } }], "/input/0/type", 'must be "text" or "image_url"'],
      ["a number", [1], "/input/0", PART],
      ["no part", [], "/input", "must have at least one part"],
      ["an object", {}, "/input", "must be a list of image_url parts"],
    ],
  ],
  [
    "embeddings",
    [
      ["a text that is none", [{ text: 1 }], "/input/0/text", "must be text"],
      ["an empty text", ["a", { text: "" }], "/input/1/text", "must not be empty"],
      ["a text with more beside it", [{ text: "a", title: "b" }], "/input/0/title", "is not known here"],
      ["a picture with more beside it", [{ image: "a", alt: "b" }], "/input/0/alt", "is not known here"],
      ["both at once", [{ text: "a", image: "b" }], "/input/0", ITEM],
      ["neither", [{ txt: "a" }], "/input/0", ITEM],
      ["null", [null], "/input/0", ITEM],
      ["token ids", [1, 2], "/input/0", "is a token id: send the text"],
      ["lists of token ids", [[1, 2]], "/input/0", "is a list of token ids: send the text"],
      ["an empty list", [], "/input", "must have at least one item"],
      ["a number", 1, "/input", "must be a text or a list"],
      ["a long text", LONG, "/input", "may have 1000 characters at most"],
    ],
  ],
  [
    "batches",
    [
      ["a key that is none", { key: 1 }, "/input/key", "must be the key of an object"],
      ["an empty prefix", { prefix: "" }, "/input/prefix", "must be the prefix of keys"],
      ["more beside the key", { key: "a", bucket: "b" }, "/input/bucket", "is not known here"],
      ["both", { key: "a", prefix: "b" }, "/input", 'must be {"key"} or {"prefix"}'],
    ],
  ],
])("%s", (of, cases) => {
  test.each(cases)("%s", (_name, value, pointer, message) => {
    expect(errorsOf(of, value)[0]).toEqual([pointer, message]);
  });
});

test.each<[keyof typeof SCHEMAS, unknown]>([
  ["labels", ["a", { name: "b", text: "c", images: ["d"] }]],
  ["moderations", "a"],
  ["moderations", ["a", { type: "text", text: "b" }, { type: "image_url", image_url: { url: "c", detail: "low" } }]],
  ["embeddings", "a"],
  ["embeddings", ["a", { text: "b" }, { image: { url: "c" } }]],
  ["batches", { key: "a" }],
  ["batches", { prefix: "a" }],
])("%s take %j", (of, value) => {
  expect(errorsOf(of, value)).toEqual([]);
});

test("every wrong field is named at once", () => {
  expect(errorsOf("labels", [{ name: 1, text: "" }, 2, "c"]).map(([pointer]) => pointer)).toEqual([
    "/labels/0/name",
    "/labels/0/text",
    "/labels/1",
  ]);
});
