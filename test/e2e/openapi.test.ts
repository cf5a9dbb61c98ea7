// /openapi.json: a valid document, of what is really there, that real answers keep to.
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { dataUri, picture } from "./request.ts";

interface Media {
  content: Record<string, { schema: object }>;
}
interface Operation {
  operationId: string;
  requestBody?: Media;
  responses: Record<string, Media & { description: string }>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

let document: Document;
beforeAll(async () => {
  document = (await (await fetch(`${inject("url")}/openapi.json`)).json()) as Document;
});

const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { "date-time": true, uri: true, binary: true } });

/** An answer may have nothing that the document does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return "properties" in schema && !("additionalProperties" in schema)
    ? { ...inner, additionalProperties: false }
    : inner;
}

function check(schema: object, value: unknown): void {
  const whole = { ...(closed(schema) as object), components: document.components };
  const validate = ajv.compile(whole);
  validate(value);
  expect(validate.errors ?? []).toEqual([]);
}

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
function find(id: string) {
  const found = operations().find(({ operation }) => operation.operationId === id);
  if (!found) throw new Error(`there is no operation ${id}`);
  return found;
}

test("it is a valid OpenAPI 3.1 document", async () => {
  const { valid, errors } = await new Validator().validate({ ...document });
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
});

test("what it describes is there: another method is told which ones are", async () => {
  for (const { path, method } of operations()) {
    const response = await fetch(`${inject("url")}${path.replaceAll(/\{\w+\}/g, "x")}`, { method: "PATCH" });
    expect([path, response.status]).toEqual([path, 405]);
    expect(response.headers.get("allow")).toContain(method.toUpperCase());
  }
});

const image = dataUri(await picture("t-shirt"));
describe("real answers keep to it", () => {
  test.each<[string, unknown, string?]>([
    ["classify", { image, bank: "everyday", top_k: 2 }],
    ["classify", { image, labels: ["cat", { name: "top", images: [image] }] }],
    ["tag", { image, bank: "everyday", min_score: 0 }],
    ["similarity", { images: [image, image], texts: ["a shirt"] }],
    ["similarity", { images: [image], texts: ["a shirt"], pairs: [[0, 1]] }],
    ["embeddings", { model: "nano", input: ["a", { image }] }],
    ["embeddings", { model: "nano", input: "a", encoding_format: "base64" }],
    ["moderate", { image, policy: "clothes", shadow: "default" }],
    ["moderations", { input: [{ type: "image_url", image_url: { url: image } }] }],
    ["models", undefined],
    ["banks", undefined],
    ["bank", undefined, "everyday"],
    ["policies", undefined],
    ["deliveries", undefined],
    ["batches", undefined],
    ["healthz", undefined],
    ["readyz", undefined],
  ])("%s", async (id, body, name) => {
    const { path, method, operation } = find(id);
    if (body !== undefined) check(operation.requestBody!.content["application/json"]!.schema, body);
    const response = await fetch(`${inject("url")}${path.replace(/\{\w+\}/, name ?? "")}`, {
      method: method.toUpperCase(),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const answer = await response.json();
    expect(Object.keys(operation.responses)).toContain(String(response.status));
    check(operation.responses[response.status]!.content["application/json"]!.schema, answer);
    expect(response.status).toBe(200);
  });

  test.each<[string, unknown, number]>([
    ["classify", { image, bank: "none" }, 404],
    ["classify", { image, bank: "everyday", escalate: { model: "big", band: [0.3, 0.6], wait_ms: 100 } }, 404],
    ["moderate", { image, escalate: { model: "big", band: [0.6, 0.3] } }, 400],
    ["tag", { image }, 400],
    ["moderate", { image: "https://example.com/a.jpg" }, 422],
    ["moderations", { input: "text" }, 400],
    ["embeddings", { model: "gpt", input: "a" }, 404],
  ])("an error of %s", async (id, body, status) => {
    const { path, operation } = find(id);
    const response = await fetch(`${inject("url")}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
    expect(response.status).toBe(status);
    const described = operation.responses[status]!;
    const type = response.headers.get("content-type")?.split(";")[0] ?? "";
    const answer = (await response.json()) as { code?: string; error?: { code: string } };
    check(described.content[type]!.schema, answer);
    expect(described.description.split(", ")).toContain(answer.code ?? answer.error?.code);
  });
});

test("a batch, from the request to its results, keeps to it", { timeout: 120_000 }, async () => {
  const body = { task: "classify", bank: "everyday", top_k: 1, input: { key: "no such object" } };
  check(find("createBatch").operation.requestBody!.content["application/json"]!.schema, body);
  const send = async (query: string, init: RequestInit) => {
    const response = await fetch(`${inject("url")}/v1/batches${query}`, init);
    return { status: response.status, text: await response.text() };
  };
  const line = (custom_id: string, url: string) => `${JSON.stringify({ custom_id, image: url })}\n`;
  const { status, text } = await send("?task=classify&bank=everyday&top_k=1", {
    method: "POST",
    body: line("a", image) + line("b", "https://elsewhere.example.com/a.jpg"),
    headers: { "content-type": "application/x-ndjson" },
  });
  expect(status).toBe(202);
  const answer = (id: string, type = "application/json", code = 200) =>
    find(id).operation.responses[code]!.content[type]!.schema;
  check(answer("createBatch", "application/json", 202), JSON.parse(text));
  const { id } = JSON.parse(text) as { id: string };
  const job = async () => JSON.parse((await send(`/${id}`, {})).text) as { status: string };
  await expect.poll(async () => (await job()).status, { timeout: 100_000, interval: 200 }).toBe("completed");
  check(answer("batch"), await job());
  const ndjson = "application/x-ndjson";
  check(answer("batchResults", ndjson), JSON.parse((await send(`/${id}/results`, {})).text));
  check(answer("batchErrors", ndjson), JSON.parse((await send(`/${id}/errors`, {})).text));
  check(answer("cancelBatch"), JSON.parse((await send(`/${id}/cancel`, { method: "POST" })).text));
  check(answer("batches"), JSON.parse((await send("", {})).text));
  check(answer("deleteBatch"), JSON.parse((await send(`/${id}`, { method: "DELETE" })).text));
});
