// POST /v1/tag through every Worker.
import { describe, expect, inject, test } from "vitest";
import { dataUri, picture, problemOf } from "./request.ts";

interface Tags {
  tags: { label: string; score: number; cosine: number; parents: string[] }[];
  calibrated: boolean;
  bank: { id: string; calibrated: boolean } | null;
  model: { id: string };
}

const send = (query: string, body: BodyInit) => fetch(`${inject("url")}/v1/tag${query}`, { method: "POST", body });
async function tags(query: string, body: BodyInit): Promise<Tags> {
  const response = await send(query, body);
  if (!response.ok) throw new Error(await response.text());
  return response.json() as Promise<Tags>;
}

const shirt = await picture("t-shirt");

test("a calibrated bank says so, scores fall, and none is below min_score", async () => {
  const answer = await tags("?bank=everyday&min_score=0.02&max_tags=4", shirt);
  expect([answer.calibrated, answer.bank?.calibrated]).toEqual([true, true]);
  expect(answer.tags.length).toBeGreaterThan(1);
  expect(answer.tags.length).toBeLessThanOrEqual(4);
  expect(answer.tags.map(({ label }) => label)).toContain("t-shirt");
  const scores = answer.tags.map(({ score }) => score);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
  for (const score of scores) expect(score).toBeGreaterThanOrEqual(0.02);
});

test("a bank without a calibration says so, and tells parents", async () => {
  const answer = await tags("?bank=animals&min_score=0", shirt);
  expect(answer.calibrated).toBe(false);
  expect(answer.tags).toHaveLength(20);
  expect(answer.tags.some(({ parents }) => parents.length > 0)).toBe(true);
});

test("free labels are weighed against everything else, not only against each other", async () => {
  const [animals, clothes] = await Promise.all([
    tags("?labels=giraffe&labels=submarine&min_score=0", shirt),
    tags("?labels=t-shirt&labels=submarine&min_score=0", shirt),
  ]);
  expect(animals.bank).toBeNull();
  expect(animals.tags.reduce((sum, { score }) => sum + score, 0)).toBeLessThan(0.1);
  expect(clothes.tags[0]?.label).toBe("t-shirt");
  expect(clothes.tags[0]?.score).toBeGreaterThan(10 * (animals.tags[0]?.score ?? 1));
});

test("nothing certain enough is an empty list", async () => {
  expect((await tags("?bank=scenes&min_score=1", shirt)).tags).toEqual([]);
});

describe("refused", () => {
  test.each<[string, string, string]>([
    ["a min_score past 1", "?bank=everyday&min_score=2", "min_score"],
    ["max_tags of 0", "?bank=everyday&max_tags=0", "max_tags"],
    ["an option of classify", "?bank=everyday&top_k=3", "top_k"],
    ["neither bank nor labels", "", "bank"],
  ])("%s", async (_name, query, parameter) => {
    const response = await send(query, shirt);
    const problem = await problemOf(response);
    expect([response.status, problem.code, problem.errors?.[0]?.parameter]).toEqual([
      400,
      "invalid_request",
      parameter,
    ]);
  });

  test("an unknown bank in JSON", async () => {
    const body = JSON.stringify({ image: dataUri(shirt), bank: "nope" });
    const response = await fetch(`${inject("url")}/v1/tag`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    expect((await problemOf(response)).code).toBe("bank_not_found");
  });
});
