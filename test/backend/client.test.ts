// The caller's side of OIP v2, against the real backend and against servers that fail.
import { createServer, type RequestListener } from "node:http";
import { expect, inject, test } from "vitest";
import { infer, readModel } from "../../src/core/oip/client.ts";
import type { Problem } from "../../src/core/problem.ts";
import { backendAt, MANIFEST, pictures } from "./running.ts";

const url = inject("backend");

async function failing(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    await use(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const failureOf = (at: string, timeoutMs?: number): Promise<Problem> =>
  infer(fetch, backendAt(at, timeoutMs), "vision", [pictures(0)]).then(
    () => Promise.reject(new Error("it answered")),
    (error) => error,
  );

test.skipIf(!url)("vectors and the version of the pack come back", async () => {
  const { version, outputs } = await infer(fetch, backendAt(`${url}/`), "vision", [pictures(1, 2)]);
  expect(version).toBe(MANIFEST.pack.slice(7, 15));
  expect(outputs).toMatchObject([{ name: "embedding", datatype: "FP32", shape: [2, MANIFEST.embed_dim] }]);
});

test.skipIf(!url)("a model tells its space and its pack", async () => {
  expect(await readModel(fetch, backendAt(url), "text")).toMatchObject({
    name: "text",
    versions: [MANIFEST.pack.slice(7, 15)],
    parameters: { id: MANIFEST.id, space: MANIFEST.space, pack: MANIFEST.pack, max_tokens: 65_536 },
  });
});

test.skipIf(!url)("what the request itself is at fault for keeps its code", async () => {
  const bad = { ...pictures(0), shape: [1, 1] };
  await expect(infer(fetch, backendAt(url), "vision", [bad])).rejects.toMatchObject({ code: "invalid_request" });
});

test.skipIf(!url)("a wrong key and another model are the backend's failure, with its words", async () => {
  await expect(infer(fetch, { ...backendAt(url), key: "x" }, "vision", [pictures(0)])).rejects.toMatchObject({
    code: "backend_unavailable",
    message: expect.stringContaining("Send a key"),
  });
  await expect(readModel(fetch, backendAt(url), "audio")).rejects.toMatchObject({ code: "backend_unavailable" });
});

test("nobody there, and somebody who says nothing", async () => {
  expect(await failureOf("http://127.0.0.1:9")).toMatchObject({ code: "backend_unavailable", status: 503 });
  await failing(
    () => {},
    async (silent) =>
      expect(await failureOf(silent, 200)).toMatchObject({
        code: "backend_unavailable",
        message: "The backend did not answer within 200 ms.",
      }),
  );
});

test("an answer that stops half way, and one that is no OIP", async () => {
  await failing(
    (request, response) => {
      request.resume();
      response.writeHead(200, { "content-length": "1000" });
      response.write("{");
      setTimeout(() => response.destroy(), 50);
    },
    async (broken) => expect((await failureOf(broken)).code).toBe("backend_unavailable"),
  );
  await failing(
    (request, response) => {
      request.resume();
      response.end("hello");
    },
    async (other) => expect((await failureOf(other)).message).toBe("The backend's answer for vision is no OIP v2."),
  );
});

test.each([
  [429, 7],
  [503, 7],
  [500, undefined],
  [302, undefined],
])("status %i is the backend's failure, Retry-After %j", async (status, retryAfter) => {
  await failing(
    (request, response) => {
      request.resume();
      response.writeHead(status, {
        "content-type": "application/json",
        ...(retryAfter ? { "retry-after": String(retryAfter) } : {}),
        ...(status === 302 ? { location: "http://127.0.0.1:9/" } : {}),
      });
      response.end(JSON.stringify({ error: "busy" }));
    },
    async (busy) => expect(await failureOf(busy)).toMatchObject({ code: "backend_unavailable", retryAfter }),
  );
});

test("a 400 of another engine is the request's failure, in its words", async () => {
  await failing(
    (request, response) => {
      request.resume();
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: "unexpected shape" }));
    },
    async (triton) =>
      expect(await failureOf(triton)).toMatchObject({
        code: "invalid_request",
        message: "The backend refused: unexpected shape",
      }),
  );
});
