// The caller's side of Cloudflare's pull API, and what ends a start in pull mode.
import { createServer } from "node:http";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { PullQueue } from "../../../src/backend/pull/queue.ts";
import { pullSettings } from "../../../src/backend/pull/settings.ts";
import { pullModelOf } from "../../../src/backend/pull/startPulling.ts";
import { MANIFEST, startBackend } from "../running.ts";
import { ACCOUNT, QUEUE, type QueueServer, queueServer, TOKEN } from "./queueServer.ts";

let server: QueueServer;
beforeAll(async () => {
  server = await queueServer();
});
afterAll(() => server.close());

const settings = (more: Record<string, string | undefined> = {}) => ({
  ...{ EDGECLIP_URL: "https://edgeclip.example.com/", EDGECLIP_KEY: "key", CLOUDFLARE_API_BASE_URL: server.url },
  ...{ CLOUDFLARE_ACCOUNT_ID: ACCOUNT, PULL_QUEUE_ID: QUEUE, CLOUDFLARE_API_TOKEN: TOKEN },
  ...more,
});
const queue = (token = TOKEN) => new PullQueue(pullSettings(settings()).messagesUrl, token);

test("bodies are read as they were sent, whatever their content type", async () => {
  const body = { kind: "chunk", id: "é", due_at: 1 };
  server.send(body);
  server.send(JSON.stringify(body), { type: "text" });
  server.send(body, { type: "bytes" });
  server.send("no JSON", { type: "text" });
  const messages = await queue().pull(10, 60_000);
  expect(messages.map((message) => message.body)).toEqual([body, body, body, undefined]);
  expect(messages.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);

  const [first, second, third, fourth] = messages.map(({ leaseId }) => leaseId);
  await queue().settle(
    [first!, fourth!],
    new Map([
      [second!, 0],
      [third!, 1e9],
    ]),
  );
  expect(server.kept.size).toBe(2);
  expect(server.retries.map(({ delay }) => delay)).toEqual([0, 43_200]);
  expect(await queue().pull(10, 60_000)).toMatchObject([{ attempts: 2 }]);
});

test("failures are told in the API's words", async () => {
  await expect(queue("another").pull(1, 1)).rejects.toThrow("answered 403 to pull: Authentication error");
  server.failing = 1;
  await expect(queue().pull(1, 1)).rejects.toThrow("answered 500 to pull: Internal error");
  await expect(queue().pull(101, 1)).rejects.toThrow("answered 400");
  await expect(new PullQueue("http://127.0.0.1:9/x", "").pull(1, 1)).rejects.toThrow("did not answer");
});

test.each([
  ["EDGECLIP_URL", undefined, "--pull needs EDGECLIP_URL"],
  ["EDGECLIP_URL", "http://example.com", "must begin with https://"],
  ["EDGECLIP_URL", "nowhere", "must be an address"],
  ["EDGECLIP_KEY", " ", "--pull needs EDGECLIP_KEY"],
  ["PULL_QUEUE_ID", "../other", "PULL_QUEUE_ID must be an id"],
  ["CLOUDFLARE_API_BASE_URL", "https://a:b@example.com", "must be an address alone"],
])("%s of %j is refused", (name, value, message) => {
  expect(() => pullSettings(settings({ [name]: value }))).toThrow(message);
});

test.skipIf(!inject("backend")).each([
  [
    "another space",
    { ...pullModelOf(MANIFEST), space: `sha256:${"0".repeat(64)}` },
    200,
    "batches are for another model: space sha256:000",
  ],
  ["no pulled model", { code: "model_not_found", detail: "names no PULL_MODEL" }, 404, "names no PULL_MODEL"],
])("a deployment of %s ends the start", async (_name, answer, status, message) => {
  const api = createServer((_request, response) => {
    response.writeHead(status, { "content-type": status === 200 ? "application/json" : "application/problem+json" });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  const address = api.address();
  const EDGECLIP_URL = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  try {
    const backend = await startBackend(["--pull"], settings({ EDGECLIP_URL }) as Record<string, string>);
    expect(await backend.ended).toBe(1);
    expect(backend.said()).toContain(message);
    expect(backend.said()).toContain(`PULL_MODEL must be ${JSON.stringify(pullModelOf(MANIFEST))}`);
  } finally {
    api.closeAllConnections();
    api.close();
  }
});
