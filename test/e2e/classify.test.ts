// POST /v1/classify through every Worker, with real photos.
import { expect, test } from "vitest";
import { answerOf, dataUri, picture, post, postJson } from "./request.ts";

test.each([
  ["t-shirt", 1],
  ["jacket", 1],
  ["pants", 1],
  ["shoes", 3],
])("a photo of a %s has its label in the first %i of 531", async (name, top) => {
  const answer = await answerOf(await post(`?bank=everyday&top_k=${top}`, await picture(name)));
  expect(answer.predictions.map(({ label }) => label)).toContain(name);
});

test("raw body, multipart and JSON give the same answer", async () => {
  const bytes = await picture("hat");
  const form = new FormData();
  form.set("image", new Blob([bytes]), "hat.jpg");
  form.set("bank", "animals");
  form.set("top_k", "3");
  const [raw, multipart, json, object] = await Promise.all([
    post("?bank=animals&top_k=3", bytes, { "content-type": "application/x-www-form-urlencoded" }).then(answerOf),
    post("", form).then(answerOf),
    postJson({ image: dataUri(bytes), bank: "animals", top_k: 3 }).then(answerOf),
    postJson({ image: { data: Buffer.from(bytes).toString("base64url") }, bank: "animals", top_k: 3 }).then(answerOf),
  ]);
  expect(raw.predictions).toHaveLength(3);
  expect(multipart).toEqual(raw);
  expect(json).toEqual(raw);
  expect(object).toEqual(raw);
});

test("the answer names model, space, pack and bank, and the response its request and timing", async () => {
  const response = await post("?bank=everyday", await picture("pants"));
  const answer = await answerOf(response);
  expect(answer.model).toEqual({
    id: "nano",
    space: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    pack: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
  });
  expect(answer.bank).toEqual({
    id: "everyday",
    hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    calibrated: true,
  });
  expect(answer.warnings).toEqual([]);
  expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.headers.get("server-timing")).toMatch(/^decode;dur=\d+, encode;dur=\d+$/);
});

test("free labels are scored with their template, over all of them", async () => {
  const answer = await answerOf(
    await postJson({
      image: dataUri(await picture("pants")),
      labels: ["dog", "pants", "kitchen"],
      template: "a picture of a {}.",
    }),
  );
  expect(answer.bank).toBeNull();
  expect(answer.predictions[0]?.label).toBe("pants");
  expect(answer.predictions.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 4);
});

test("a label's own text stands in for its name", async () => {
  const image = dataUri(await picture("dress"));
  const [named, told] = await Promise.all([
    postJson({ image, labels: ["dress", "dog"] }).then(answerOf),
    postJson({
      image,
      labels: [
        { name: "A", text: "a photo of a dress." },
        { name: "B", text: "a photo of a dog." },
      ],
    }).then(answerOf),
  ]);
  expect(told.predictions.map(({ score }) => score)).toEqual(named.predictions.map(({ score }) => score));
  expect(told.predictions[0]?.label).toBe("A");
});

test("asked again, free labels come from the cache with the same answer", async () => {
  const ask = async () =>
    postJson({ image: dataUri(await picture("skirt")), labels: Array.from({ length: 1_000 }, (_, i) => `label ${i}`) });
  const [first, second] = [await answerOf(await ask()), await answerOf(await ask())];
  expect(second).toEqual(first);
});

test("free labels in the query repeat their key", async () => {
  const answer = await answerOf(await post("?labels=hat&labels=submarine", await picture("hat")));
  expect(answer.predictions).toHaveLength(2);
});

test("below the threshold the answer abstains and still lists", async () => {
  const bytes = await picture("jacket");
  const [abstained, sure] = await Promise.all([
    post("?bank=everyday&threshold=0.999", bytes).then(answerOf),
    post("?bank=everyday&threshold=0", bytes).then(answerOf),
  ]);
  expect(abstained.abstained).toBe(true);
  expect(abstained.predictions).toHaveLength(5);
  expect(sure.abstained).toBe(false);
});

test("a label that does not fit the context is cut, and the caller is told which", async () => {
  const answer = await answerOf(
    await postJson({ image: dataUri(await picture("hat")), labels: ["hat", "word ".repeat(60)] }),
  );
  expect(answer.warnings).toEqual([{ code: "text_truncated", message: expect.any(String), pointer: "/labels/1" }]);
});

test("of an animation the first frame is looked at, and the caller is told", async () => {
  // Two frames of one pixel each.
  const gif = Buffer.from(
    "R0lGODlhAQABAIAAAP8AAAAA/yH5BAQKAAAALAAAAAABAAEAAAICRAEAIfkEBAoAAAAsAAAAAAEAAQAAAgJMAQA7",
    "base64",
  );
  const answer = await answerOf(await post("?bank=scenes", new Uint8Array(gif)));
  expect(answer.warnings.map(({ code }) => code)).toEqual(["animation_first_frame"]);
});
