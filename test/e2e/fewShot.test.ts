// Labels with example pictures, through every Worker.
import { describe, expect, inject, test } from "vitest";
import { answerOf, dataUri, picture, postJson, problemOf } from "./request.ts";

const [shirt, pants, hat, shoes] = await Promise.all(
  ["t-shirt", "pants", "hat", "shoes"].map(async (name) => dataUri(await picture(name))),
);
const tag = (body: unknown) =>
  fetch(`${inject("url")}/v1/tag`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });

test("a label is what its pictures show, whatever it is called", async () => {
  const labels = [
    { name: "A-17", images: [pants] },
    { name: "B-4", images: [shirt, { data: shirt?.split(",")[1] }] },
  ];
  const { predictions, bank, warnings } = await answerOf(await postJson({ image: shirt, labels }));
  expect(predictions.map(({ label }) => label)).toEqual(["B-4", "A-17"]);
  expect(predictions[0]?.cosine).toBeCloseTo(1, 4);
  expect(predictions.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);
  expect([bank, warnings]).toEqual([null, []]);
});

test("a text beside the pictures moves the label towards it", async () => {
  const labels = (text: object) => [
    { name: "this", images: [pants], ...text },
    { name: "that", images: [hat], ...text },
  ];
  const cosine = async (text: object) =>
    (await answerOf(await postJson({ image: pants, labels: labels(text) }))).predictions[0]?.cosine ?? 0;
  const [alone, told] = [await cosine({}), await cosine({ text: "a photo of pants." })];
  expect(alone).toBeCloseTo(1, 4);
  expect(told).toBeLessThan(0.98);
});

test("labels by picture and labels by text are compared on equal terms", async () => {
  const labels = [{ name: "footwear", images: [shoes] }, "submarine", "kitchen", { name: "trousers", text: "pants" }];
  const asked = async (image: unknown) => (await answerOf(await postJson({ image, labels }))).predictions[0]?.label;
  expect(await asked(shoes)).toBe("footwear");
  expect(await asked(pants)).toBe("trousers");
});

test("tags take labels with pictures as well, against everything else", async () => {
  const labels = [
    { name: "ours", images: [pants] },
    { name: "theirs", images: [hat] },
  ];
  const response = await tag({ image: pants, labels, min_score: 0 });
  const { tags, calibrated } = (await response.json()) as {
    tags: { label: string; score: number }[];
    calibrated: boolean;
  };
  expect(tags[0]?.label).toBe("ours");
  expect(tags[0]?.score).toBeLessThan(1);
  expect(calibrated).toBe(false);
});

test("31 pictures of labels beside the one that is asked about", async () => {
  const labels = [
    { name: "many", images: Array(30).fill(pants) },
    { name: "one", images: [hat] },
  ];
  expect((await answerOf(await postJson({ image: pants, labels }))).predictions[0]?.label).toBe("many");
});

test("of an animated example the first frame is taken, and it is named", async () => {
  // Two frames of one pixel each.
  const gif = "R0lGODlhAQABAIAAAP8AAAAA/yH5BAQKAAAALAAAAAABAAEAAAICRAEAIfkEBAoAAAAsAAAAAAEAAQAAAgJMAQA7";
  const labels = [
    { name: "a", images: [hat, { data: gif }] },
    { name: "b", images: [pants] },
  ];
  const { warnings } = await answerOf(await postJson({ image: hat, labels }));
  expect(warnings).toMatchObject([{ code: "animation_first_frame", pointer: "/labels/0/images/1" }]);
});

describe("refused", () => {
  const beside = (images: unknown) => ["cat", "dog", { name: "ours", images }];
  test.each<[string, unknown, number, string, string]>([
    ["no pictures", beside([]), 400, "invalid_request", "/labels/2/images"],
    ["pictures that are no list", beside("x"), 400, "invalid_request", "/labels/2/images"],
    ["a picture that is a number", beside([pants, 7]), 400, "invalid_request", "/labels/2/images/1"],
    ["broken base64", beside([{ data: "%%%" }]), 400, "invalid_base64", "/labels/2/images/0/data"],
    [
      "bytes that are no picture",
      beside([{ data: btoa("no picture at all") }]),
      415,
      "unsupported_image",
      "/labels/2/images/0",
    ],
    ["a damaged picture", beside([pants, { data: "/9j/4AAQ" }]), 422, "image_unreadable", "/labels/2/images/1"],
    [
      "an address of a host that is not named",
      beside(["https://example.com/a.jpg"]),
      422,
      "remote_refused",
      "/labels/2/images/0",
    ],
    ["32 pictures", beside(Array(32).fill(pants)), 400, "invalid_request", "/labels"],
    ["an unknown key", [{ name: "a", picture: pants }], 400, "invalid_request", "/labels/0/picture"],
  ])("%s", async (_name, labels, status, code, pointer) => {
    const responses = [await postJson({ image: hat, labels }), await tag({ image: hat, labels })];
    for (const response of responses) {
      const problem = await problemOf(response);
      expect([response.status, problem.code]).toEqual([status, code]);
      expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
    }
  });
});
