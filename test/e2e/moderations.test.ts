// POST /v1/moderations with OpenAI's own client.
import OpenAI from "openai";
import { describe, expect, inject, test } from "vitest";
import { dataUri, picture } from "./request.ts";
import { API_KEY } from "./setup.ts";

const client = () => new OpenAI({ apiKey: "unused", baseURL: `${inject("url")}/v1`, maxRetries: 0 });
const part = (url: string) => ({ type: "image_url" as const, image_url: { url } });
const [shirt, jacket] = (await Promise.all(["t-shirt", "jacket"].map(picture))).map(dataUri);

test("OpenAI's client gets a result with categories, scores and applied types", async () => {
  const moderation = await client().moderations.create({ model: "omni-moderation-latest", input: [part(shirt!)] });
  expect(moderation.id).toMatch(/^modr-/);
  expect(moderation.model).toBe("nano");
  expect(moderation.results).toHaveLength(1);
  const [result] = moderation.results;
  expect(result?.flagged).toBe(false);
  const scores: Record<string, number> = { ...result?.category_scores };
  expect(Object.keys(scores)).toEqual([
    "weapons",
    "illicit/violent",
    "fire",
    "smoking",
    "alcohol",
    "drugs",
    "illicit",
    "gambling",
  ]);
  expect(scores["illicit/violent"]).toBe(scores.weapons);
  expect(Object.keys({ ...result?.categories })).toEqual(Object.keys(scores));
  expect(result?.category_applied_input_types).toMatchObject({ weapons: ["image"] });
  expect(result).toMatchObject({ decision: "allow", unjudged: expect.arrayContaining(["nudity", "gore"]) });
});

test("an unreadable picture among harmless ones flags the whole", async () => {
  const broken = dataUri(Buffer.from("no picture"));
  const { results } = await client().moderations.create({ input: [part(shirt!), part(broken), part(jacket!)] });
  expect(results).toHaveLength(1);
  expect(results[0]).toMatchObject({ flagged: true, decision: "review", reasons: [{ code: "unsupported_image" }] });
  expect(results[0]?.category_scores).toHaveProperty("weapons");
});

test("text beside a picture is not judged, and the answer says so", async () => {
  const input = [{ type: "text" as const, text: "hello" }, part(shirt!)];
  expect(await client().moderations.create({ model: "nano", input })).toMatchObject({
    warnings: [{ code: "demo_model" }, { code: "text_ignored" }],
  });
});

describe("refused, as the client reads it", () => {
  test.each<[string, OpenAI.ModerationCreateParams, number, string, string]>([
    ["text alone", { input: "hello" }, 400, "text_not_supported", "input"],
    ["a list of texts", { input: ["hello", "you"] }, 400, "text_not_supported", "input"],
    ["another model", { model: "gpt-4", input: [part("x")] }, 404, "model_not_found", "model"],
    ["no address", { input: [part("x")] }, 400, "invalid_request", "input.0.image_url.url"],
    [
      "a host that is not allowed",
      { input: [part("https://example.com/a.jpg")] },
      422,
      "remote_refused",
      "input.0.image_url.url",
    ],
    ["no part", { input: [] }, 400, "invalid_request", "input"],
    ["too many pictures", { input: Array(9).fill(part("x")) }, 400, "invalid_request", "input"],
  ])("%s", async (_name, params, status, code, param) => {
    await expect(client().moderations.create(params)).rejects.toMatchObject({ status, code, param });
  });

  test("by a deployment whose model is one for trying out", async () => {
    const deployed = new OpenAI({ apiKey: API_KEY, baseURL: `${inject("tampered")}/v1`, maxRetries: 0 });
    await expect(deployed.moderations.create({ input: [part(shirt!)] })).rejects.toMatchObject({
      status: 503,
      code: "model_unavailable",
    });
  });
});
