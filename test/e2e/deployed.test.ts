// As deployed: keys are needed, and a shard that is not the one that was built never answers.
import { readFile } from "node:fs/promises";
import { expect, inject, test } from "vitest";
import { picture, problemOf } from "./request.ts";
import { API_KEY, LOG_FILE, RATE_LIMIT, TAG_KEY } from "./setup.ts";

const call = (path: string, init: RequestInit = {}) => fetch(`${inject("tampered")}${path}`, init);
const authorization = `Bearer ${API_KEY}`;

test("without a key everything but health is refused", async () => {
  const paths = ["/", "/v1/models", "/v1/labels", "/nothing"];
  const responses = await Promise.all(paths.map((path) => call(path)));
  expect(responses.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  expect((await call("/healthz")).status).toBe(200);
});

test("a wrong key is refused, a right one taken", async () => {
  expect((await call("/v1/models", { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
  expect((await call("/v1/models", { headers: { authorization } })).status).toBe(200);
});

test("a key with scopes may ask what they name, and the lists; administering needs a scope of its own", async () => {
  const ask = async (path: string, key: string, method = "GET") => {
    const response = await call(path, { method, headers: { authorization: `Bearer ${key}` } });
    return response.ok ? response.status : [response.status, (await problemOf(response)).code];
  };
  expect(await ask("/v1/models", TAG_KEY)).toBe(200);
  expect(await ask("/v1/tag?bank=none", TAG_KEY, "POST")).toEqual([404, "bank_not_found"]);
  expect(await ask("/v1/moderate", TAG_KEY, "POST")).toEqual([403, "forbidden"]);
  expect(await ask("/v1/moderations", TAG_KEY, "POST")).toEqual([403, undefined]);
  expect(await ask("/v1/admin/deliveries", API_KEY)).toEqual([403, "forbidden"]);
});

test("every request is one line of JSON in the log, with its id and nothing of its content", async () => {
  const secret = "a word that nobody else may read";
  const response = await call(`/v1/tag?bank=${encodeURIComponent(secret)}`, {
    method: "POST",
    body: new TextEncoder().encode("no picture"),
    headers: { authorization },
  });
  const id = response.headers.get("x-request-id");
  const lines = async () => (await readFile(LOG_FILE, "utf8")).split("\n").filter((line) => line.includes(`${id}`));
  await expect.poll(lines, { timeout: 10_000 }).toHaveLength(1);
  const [line = ""] = await lines();
  expect(JSON.parse(line.slice(line.indexOf("{"), line.lastIndexOf("}") + 1))).toMatchObject({
    level: "info",
    request_id: id,
    method: "POST",
    path: "/v1/tag",
    status: 404,
    code: "bank_not_found",
    caller: expect.stringMatching(/^sha256:[0-9a-f]{8}$/),
  });
  expect(await readFile(LOG_FILE, "utf8")).not.toContain("nobody");
});

test("a deployment without a text Worker says so to free texts", async () => {
  const response = await call("/v1/embeddings", {
    method: "POST",
    body: JSON.stringify({ model: "nano", input: "a cat" }),
    headers: { authorization, "content-type": "application/json" },
  });
  expect([response.status, await response.json()]).toMatchObject([422, { error: { code: "text_unavailable" } }]);
});

test("a tampered shard is found: not ready, and no answer", async () => {
  const ready = await call("/readyz");
  expect([ready.status, (await problemOf(ready)).code]).toEqual([503, "pack_corrupt"]);
  const response = await call("/v1/classify?bank=everyday", {
    method: "POST",
    body: await picture("hat"),
    headers: { authorization },
  });
  const problem = await problemOf(response);
  expect([response.status, problem.code]).toEqual([503, "pack_corrupt"]);
  expect(problem.detail).toContain("vision.0.bin");
});

test("a URL is fetched from a host that the deployment names, and from no other", async () => {
  const ask = async (image: unknown) => {
    const body = JSON.stringify({ image, bank: "everyday" });
    const headers = { authorization, "content-type": "application/json" };
    return problemOf(await call("/v1/classify", { method: "POST", body, headers }));
  };
  const other = await ask({ url: "https://other.example.com/a.jpg" });
  expect([other.code, other.errors?.[0]?.pointer]).toEqual(["remote_refused", "/image/url"]);
  // Nobody answers under this name, so that being tried is seen by how it fails.
  expect(["remote_failed", "remote_timeout"]).toContain((await ask("https://images.example.com/a.jpg")).code);
});

test("a page of an origin that the deployment names may call it, also where the answer is an error", async () => {
  const origin = "https://shop.example.com";
  const preflight = await call("/v1/classify", {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
  });
  expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
  const refused = await call("/v1/models", { headers: { origin } });
  expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([401, origin]);
  const taken = await call("/v1/models", { headers: { origin, authorization } });
  expect(taken.headers.get("access-control-expose-headers")).toContain("x-request-id");
});

test("a page of any other origin may not", async () => {
  const response = await call("/v1/models", { headers: { origin: "https://evil.example.com", authorization } });
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
});

test("past its rate a key is told to wait, health and others are not", async () => {
  const authorization = `Bearer ${inject("limitedKey")}`;
  const statuses: number[] = [];
  let limited: Response | undefined;
  for (let i = 0; i <= RATE_LIMIT && !limited; i++) {
    const response = await call("/v1/models", { headers: { authorization } });
    statuses.push(response.status);
    if (response.status === 429) limited = response;
  }
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(limited?.headers.get("retry-after")).toBe("60");
  expect(limited?.headers.get("ratelimit-policy")).toBe('"key";q=600;w=60');
  expect(limited && (await problemOf(limited)).code).toBe("rate_limited");
  expect((await call("/healthz")).status).toBe(200);
});
