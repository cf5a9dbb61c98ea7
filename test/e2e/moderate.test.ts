// POST /v1/moderate through every Worker: each decision, and that nothing unreadable is let through.
import { readFile } from "node:fs/promises";
import { describe, expect, inject, test } from "vitest";
import type { Reason } from "../../src/core/policy/decide.ts";
import { dataUri, picture, problemOf } from "./request.ts";
import { API_KEY } from "./setup.ts";

interface Moderated {
  decision: string;
  reasons: Reason[];
  categories: Record<string, number | null>;
  unjudged: string[];
  policy: { id: string; hash: string; calibrated: boolean; tenant: string | null };
  shadow: { policy: { id: string }; decision: string; reasons: Reason[] } | null;
  model: { id: string; space: string; pack: string };
  bank: { id: string; hash: string } | null;
  warnings: { code: string }[];
}

const send = (query: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(`${inject("url")}/v1/moderate${query}`, { method: "POST", body, headers });

async function moderated(query: string, body: BodyInit): Promise<Moderated> {
  const response = await send(query, body);
  if (!response.ok) throw new Error(await response.text());
  return response.json() as Promise<Moderated>;
}

const [shoes, jacket, shirt] = await Promise.all(["shoes", "jacket", "t-shirt"].map(picture));

describe("each decision", () => {
  test.each([
    ["block", shoes, "footwear", "over_block"],
    ["review", jacket, "outerwear", "over_review"],
  ])("%s, with its reason", async (decision, bytes, category, code) => {
    const answer = await moderated("?policy=clothes", bytes!);
    expect(answer.decision).toBe(decision);
    const [reason] = answer.reasons;
    expect([reason?.category, reason?.code]).toEqual([category, code]);
    expect(reason?.score).toBeGreaterThanOrEqual(reason?.threshold ?? 1);
    expect(answer.categories[category]).toBe(reason?.score);
  });

  test("allow, without reasons; everything that it follows from is told", async () => {
    const answer = await moderated("?policy=clothes", shirt!);
    expect([answer.decision, answer.reasons, answer.shadow]).toEqual(["allow", [], null]);
    expect(answer.policy).toEqual({
      id: "clothes",
      hash: expect.stringMatching(/^sha256:/),
      calibrated: true,
      tenant: null,
    });
    expect(answer.model).toEqual({ id: "nano", space: expect.stringMatching(/^sha256:/), pack: expect.any(String) });
    expect(answer.bank?.id).toBe("everyday");
  });

  test("a category that the model was not measured on has no score, no reason, and is listed", async () => {
    const answer = await moderated("?policy=clothes", shirt!);
    expect([answer.categories.jewellery, answer.unjudged]).toEqual([null, ["jewellery"]]);
  });

  test("without a calibration for the model, block becomes review and the answer warns", async () => {
    const answer = await moderated("?policy=uncalibrated", shoes!);
    expect(answer.decision).toBe("review");
    expect(answer.reasons.map(({ code }) => code)).toContain("over_block_uncalibrated");
    expect(answer.unjudged).toEqual([]);
    expect(answer.warnings.map(({ code }) => code)).toEqual(["demo_model", "policy_uncalibrated"]);
  });
});

test("the default policy judges what nano was measured on, and lists what it cannot tell", async () => {
  const answer = await moderated("", shirt!);
  expect(answer.policy.id).toBe("default");
  expect(answer.unjudged).toEqual(["nudity", "sexual activity", "gore", "violence", "hate symbols", "self-harm"]);
  expect(
    Object.entries(answer.categories)
      .filter(([, score]) => score !== null)
      .map(([name]) => name),
  ).toEqual(["weapons", "fire", "smoking", "alcohol", "drugs", "gambling"]);
  expect(answer.warnings.map(({ code }) => code)).toEqual(["demo_model"]);
});

test("a tenant's thresholds replace the policy's", async () => {
  const [cobbler, boutique] = await Promise.all(
    ["cobbler", "boutique"].map((tenant) => moderated(`?policy=clothes&tenant=${tenant}`, shoes!)),
  );
  expect([cobbler?.decision, cobbler?.policy.tenant]).toEqual(["allow", "cobbler"]);
  expect(boutique?.decision).toBe("block");
  expect(boutique?.reasons[0]?.threshold).toBe(0);
  expect(cobbler?.categories).toEqual(boutique?.categories);
});

test("a shadow policy judges beside the first and decides nothing", async () => {
  const answer = await moderated("?policy=default&shadow=clothes", shoes!);
  expect(answer.decision).toBe("allow");
  expect(answer.shadow).toMatchObject({ policy: { id: "clothes" }, decision: "block" });
  expect(answer.shadow?.reasons[0]?.code).toBe("over_block");
});

test("JSON and multipart are taken too", async () => {
  const json = await send("", JSON.stringify({ image: dataUri(shoes!), policy: "clothes" }), {
    "content-type": "application/json",
  });
  const form = new FormData();
  form.set("image", new Blob([shoes!]));
  form.set("policy", "clothes");
  const multipart = await send("", form);
  const answers = await Promise.all([json, multipart].map((response) => response.json() as Promise<Moderated>));
  expect(answers.map(({ decision }) => decision)).toEqual(["block", "block"]);
});

describe("what cannot be read is reviewed, never let through", () => {
  test.each<[string, () => Promise<Uint8Array<ArrayBuffer>>, string]>([
    ["no picture at all", async () => new Uint8Array(Buffer.from("<html>")), "unsupported_image"],
    ["a damaged one", async () => new Uint8Array((await picture("shoes")).slice(0, 2000)), "image_unreadable"],
    ["an empty one", async () => new Uint8Array(), "image_unreadable"],
    ["a bomb", async () => new Uint8Array(await readFile("test/fixtures/bombs/12mp.avif")), "image_too_many_pixels"],
    ["more bytes than are taken", async () => new Uint8Array(21 * 2 ** 20), "body_too_large"],
  ])("%s", async (_name, bytes, code) => {
    const answer = await moderated("?policy=clothes&shadow=default", await bytes());
    expect(answer.decision).toBe("review");
    expect(answer.reasons).toEqual([{ category: null, score: null, threshold: null, severity: null, code }]);
    expect(Object.values(answer.categories)).toEqual([null, null, null]);
    expect(answer.shadow?.decision).toBe("review");
  });

  test("a picture in JSON that is larger than a picture may be", async () => {
    const body = JSON.stringify({ image: dataUri(new Uint8Array(20 * 2 ** 20 + 1)) });
    const response = await send("", body, { "content-type": "application/json" });
    expect(await response.json()).toMatchObject({ decision: "review", reasons: [{ code: "body_too_large" }] });
  });
});

describe("refused", () => {
  test.each<[string, string, number, string, string]>([
    ["an unknown policy", "?policy=none", 404, "policy_not_found", "policy"],
    ["an unknown shadow", "?shadow=none", 404, "policy_not_found", "shadow"],
    ["an unknown tenant", "?policy=clothes&tenant=none", 400, "invalid_request", "tenant"],
    ["a tenant that every object has", "?policy=clothes&tenant=constructor", 400, "invalid_request", "tenant"],
    ["an unknown option", "?bank=everyday", 400, "invalid_request", "bank"],
  ])("%s", async (_name, query, status, code, parameter) => {
    const response = await send(query, shirt!);
    const problem = await problemOf(response);
    expect([response.status, problem.code, problem.errors?.[0]?.parameter]).toEqual([status, code, parameter]);
  });

  test("JSON that is none, and a body without a picture, are errors of the request", async () => {
    const headers = { "content-type": "application/json" };
    expect((await problemOf(await send("", "{", headers))).code).toBe("invalid_json");
    expect((await problemOf(await send("", "{}", headers))).errors?.[0]?.pointer).toBe("/image");
  });

  test("a deployment refuses a model for trying out as a moderator", async () => {
    const response = await fetch(`${inject("tampered")}/v1/moderate`, {
      method: "POST",
      body: shirt!,
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    const problem = await problemOf(response);
    expect([response.status, problem.code]).toEqual([503, "model_unavailable"]);
    expect(problem.detail).toContain("ALLOW_DEMO_MODERATION");
  });
});

test("GET /v1/policies tells categories, thresholds, what is judged, and tenants", async () => {
  const { data } = (await (await fetch(`${inject("url")}/v1/policies`)).json()) as {
    data: {
      id: string;
      calibrated: boolean;
      tenants: string[];
      categories: { name: string; judged: boolean; block: number }[];
    }[];
  };
  expect(data.map(({ id }) => id)).toEqual(["clothes", "default", "uncalibrated"]);
  const [clothes] = data;
  expect([clothes?.calibrated, clothes?.tenants]).toEqual([true, ["cobbler", "boutique"]]);
  expect(clothes?.categories.map(({ name, judged }) => [name, judged])).toEqual([
    ["footwear", true],
    ["outerwear", true],
    ["jewellery", false],
  ]);
});
