// The endpoints that tell what a deployment holds.
import { expect, inject, test } from "vitest";

const get = async <T>(path: string): Promise<T> => {
  const response = await fetch(`${inject("url")}${path}`);
  if (!response.ok) throw new Error(await response.text());
  return response.json() as Promise<T>;
};

test("/v1/models shows the one model", async () => {
  const { data } = await get<{ data: { id: string; embed_dim: number; text: boolean }[] }>("/v1/models");
  expect(data).toMatchObject([{ id: "nano", embed_dim: 256, text: true }]);
});

test("/v1/labels lists the banks, all of the model's space", async () => {
  const { data: models } = await get<{ data: { space: string }[] }>("/v1/models");
  const { data } = await get<{ data: { id: string; count: number; space: string }[] }>("/v1/labels");
  expect(data.map(({ id }) => id)).toEqual(["animals", "everyday", "scenes"]);
  expect(new Set(data.map(({ space }) => space))).toEqual(new Set(models.map(({ space }) => space)));
});

test("/v1/labels/{bank} shows labels and templates", async () => {
  const bank = await get<{ labels: { name: string }[]; templates: string[]; count: number }>("/v1/labels/everyday");
  expect(bank.labels).toHaveLength(bank.count);
  expect(bank.labels.map(({ name }) => name)).toContain("t-shirt");
  expect(bank.templates).toContain("a photo of a {}.");
});

test("/readyz: every part reproduces its canary", async () => {
  const ready = await get<{ status: string; parts: Record<string, unknown> }>("/readyz");
  expect(ready.status).toBe("ready");
  expect(Object.keys(ready.parts)).toEqual(["image", "vision", "text"]);
});

test("the page is served", async () => {
  const response = await fetch(inject("url"));
  expect(response.headers.get("content-type")).toMatch(/^text\/html/);
  expect(await response.text()).toContain("edgeclip");
});
