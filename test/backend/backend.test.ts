// The backend over HTTP: vectors in any batch, limits, keys, metrics.
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { expect, inject, test } from "vitest";
import { encodeRequest } from "../../src/core/oip/encode.ts";
import { cosine, KEY, MANIFEST, PIXELS, pictures, vectorsOf } from "./running.ts";

const url = inject("backend");
const authorization = `Bearer ${KEY}`;
const ask = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
  fetch(`${url}${path}`, { ...init, headers: { authorization, ...init.headers } });
const problemOf = async (response: Response) => {
  const problem = (await response.json()) as { code: string; error: string; errors?: { pointer: string }[] };
  return { status: response.status, code: problem.code, pointer: problem.errors?.[0]?.pointer };
};

test.skipIf(!url)("a vector is the same alone, in a request of many, and among other requests", async () => {
  const shifts = Array.from({ length: 20 }, (_, i) => 12 * i);
  const alone: Float32Array[] = [];
  for (const shift of shifts) alone.push((await vectorsOf(url, pictures(shift)))[0] ?? new Float32Array());
  // 20 pictures span three runs of 8.
  const together = await vectorsOf(url, pictures(...shifts));
  const beside = await Promise.all(shifts.map(async (shift) => (await vectorsOf(url, pictures(shift)))[0]));
  for (const [row, vector] of alone.entries()) {
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    expect(cosine(vector, together[row])).toBeGreaterThan(0.99999);
    expect(cosine(vector, beside[row])).toBeGreaterThan(0.99999);
  }
  expect(cosine(alone[0], alone[10])).toBeLessThan(0.999);
});

test.skipIf(!url)("texts of different lengths share runs and keep their vectors", async () => {
  const { bos, eos } = MANIFEST.text;
  const texts = Array.from({ length: 12 }, (_, i) => {
    const ids = Int32Array.from([bos, ...Array.from({ length: 1 + (i % 6) }, (_, k) => 300 + 11 * k + i), eos]);
    return { name: "input_ids", datatype: "INT32", shape: [1, ids.length], data: ids } as const;
  }).map((text) => ({ ...text, shape: [...text.shape] }));
  const alone: (Float32Array | undefined)[] = [];
  for (const text of texts) alone.push((await vectorsOf(url, text, "text"))[0]);
  const beside = await Promise.all(texts.map(async (text) => (await vectorsOf(url, text, "text"))[0]));
  for (const [i, vector] of alone.entries()) expect(cosine(vector, beside[i])).toBeGreaterThan(0.99999);
});

test.skipIf(!url)("it serves the vectors of the pack: the canary of the text tower", async () => {
  const canary = JSON.parse(readFileSync("models/nano/canary.json", "utf8"));
  const data = Int32Array.from(canary.input_ids as number[]);
  const [vector] = await vectorsOf(
    url,
    { name: "input_ids", datatype: "INT32", shape: [1, data.length], data },
    "text",
  );
  expect(cosine(vector, Float32Array.from(canary.text_vector))).toBeGreaterThan(0.999);
});

test.skipIf(!url)("health is told without a key, nothing else is", async () => {
  for (const path of ["/v2/health/live", "/v2/health/ready"]) expect((await fetch(`${url}${path}`)).status).toBe(200);
  for (const path of ["/v2", "/v2/models/vision", "/metrics"]) {
    expect(await problemOf(await fetch(`${url}${path}`))).toMatchObject({ status: 401, code: "unauthorized" });
    expect((await ask(path)).status).toBe(200);
  }
  const other = await fetch(`${url}/v2/models/vision/infer`, {
    method: "POST",
    ...encodeRequest([pictures(0)]),
    headers: { authorization: "Bearer another" },
  });
  expect(other.status).toBe(401);
});

test.skipIf(!url)("a refusal names the field, in our words and in OIP's", async () => {
  const refuse = async (inputs: unknown, extra = {}) =>
    ask("/v2/models/vision/infer", { method: "POST", body: JSON.stringify({ inputs, ...extra }) });
  const response = await refuse([{ name: "pixels", datatype: "UINT8", shape: [1, 1, 1, 3], data: [1, 2, 3] }]);
  const problem = (await response.clone().json()) as { detail: string; error: string };
  expect(problem.error).toBe(problem.detail);
  expect(await problemOf(response)).toEqual({ status: 400, code: "invalid_request", pointer: "/inputs/0/shape" });
  const output = await refuse(
    [{ name: "pixels", datatype: "UINT8", shape: pictures(0).shape, data: [...pictures(0).data] }],
    { outputs: [{ name: "logits" }] },
  );
  expect(await problemOf(output)).toMatchObject({ status: 400, pointer: "/outputs/0/name" });
});

test.skipIf(!url)("another model, another version and another path are not found", async () => {
  for (const path of ["/v2/models/audio", "/v2/models/vision/versions/1", "/v2/models/vision/versions/1/ready"])
    expect(await problemOf(await ask(path))).toMatchObject({ status: 404, code: "model_not_found" });
  expect(await problemOf(await ask("/v1/classify"))).toMatchObject({ status: 404, code: "not_found" });
});

test.skipIf(!url)("a request line that is no URL ends neither the connection nor the backend", async () => {
  const { hostname, port } = new URL(url);
  const status = await new Promise((settle, fail) => {
    const asked = request({ hostname, port, path: "//", headers: { authorization } }, (response) => {
      response.resume();
      settle(response.statusCode);
    });
    asked.once("error", fail);
    asked.end();
  });
  expect(status).toBe(404);
  expect((await ask("/v2")).status).toBe(200);
});

test.skipIf(!url)("a body past its cap is refused, declared or not", async () => {
  const body = new Uint8Array(65 * PIXELS + 2 ** 17);
  const headers = { "inference-header-content-length": "100" };
  const declared = await ask("/v2/models/vision/infer", { method: "POST", body, headers });
  expect(await problemOf(declared)).toMatchObject({ status: 413, code: "body_too_large" });
  let left = 16;
  const stream = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (left-- > 0) controller.enqueue(new Uint8Array(2 ** 20));
      else controller.close();
    },
  });
  const streamed = await ask("/v2/models/vision/infer", {
    method: "POST",
    body: stream,
    headers,
    duplex: "half",
  } as RequestInit & { headers: Record<string, string> }).then(
    (response) => response.status,
    // The connection may be closed on a client that still sends.
    () => 413,
  );
  expect(streamed).toBe(413);
});

test.skipIf(!url)("too many pictures in one request are refused by name", async () => {
  const shifts = Array.from({ length: 65 }, () => 0);
  const response = await ask("/v2/models/vision/infer", {
    method: "POST",
    ...encodeRequest([pictures(...shifts)]),
    headers: { ...encodeRequest([pictures(...shifts)]).headers },
  });
  expect(await problemOf(response)).toEqual({ status: 400, code: "invalid_request", pointer: "/inputs/0/shape/0" });
});

test.skipIf(!url)("metrics count requests, inputs and batches", async () => {
  const read = async () => {
    const text = await (await ask("/metrics")).text();
    return (series: string) =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${series} `))
          ?.split(" ")[1] ?? 0,
      );
  };
  const before = await read();
  await vectorsOf(url, pictures(1, 2, 3));
  const after = await read();
  const grown = (series: string) => after(series) - before(series);
  expect(grown('edgeclip_requests_total{model="vision",status="200"}')).toBe(1);
  expect(grown('edgeclip_inputs_total{model="vision"}')).toBe(3);
  expect(grown('edgeclip_batch_size_count{model="vision"}')).toBe(1);
  expect(grown('edgeclip_batch_size_bucket{model="vision",le="2"}')).toBe(0);
  expect(grown('edgeclip_batch_size_bucket{model="vision",le="4"}')).toBe(1);
  expect(grown('edgeclip_request_seconds_count{model="vision"}')).toBe(1);
  expect(after('edgeclip_queue_length{model="vision"}')).toBe(0);
  expect(after("process_resident_memory_bytes")).toBeGreaterThan(10 * 2 ** 20);
});
