// One attempt at a webhook, against a server on loopback that behaves as badly as the names of its paths say.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { send } from "../../../src/core/webhook/send.ts";

const SECRET = `whsec_${btoa("the secret of the receiver")}`;
const received: { path: string; headers: Record<string, string>; body: string }[] = [];

let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const path = request.url ?? "";
      received.push({ path, headers: { ...request.headers } as Record<string, string>, body });
      if (path === "/taken") return response.writeHead(204).end();
      if (path === "/gone") return response.writeHead(410).end();
      if (path === "/busy") return response.writeHead(503, { "retry-after": "120" }).end();
      if (path === "/moved") return response.writeHead(307, { location: "/taken" }).end();
      if (path === "/endless") {
        const more = () => response.write(Buffer.alloc(65_536), () => !response.destroyed && setImmediate(more));
        return more();
      }
      if (path === "/cut-off") return response.destroy();
      return undefined; // silent
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const attempt = (path: string, hosts = ["hooks.example.com"], secrets = [SECRET]) =>
  send(
    { id: "msg_1", url: `https://hooks.example.com${path}`, body: '{"type":"test","note":"ü"}' },
    {
      hosts,
      secrets,
      timeoutMs: 500,
      fetch: (url, init) => {
        const { port } = server.address() as AddressInfo;
        return fetch(`http://127.0.0.1:${port}${url.pathname}`, init);
      },
    },
  );

test("what arrives is verified by the standardwebhooks package", async () => {
  expect(await attempt("/taken")).toEqual({ kind: "delivered", status: 204 });
  const last = received.at(-1);
  expect(last?.headers["content-type"]).toBe("application/json");
  expect(new Webhook(SECRET).verify(last?.body ?? "", last?.headers ?? {})).toEqual({ type: "test", note: "ü" });
});

test("410 is told apart", async () => {
  expect(await attempt("/gone")).toEqual({ kind: "gone", status: 410 });
});

test("Retry-After is handed on", async () => {
  expect(await attempt("/busy")).toMatchObject({ kind: "failed", status: 503, retryAfter: 120 });
});

test("a redirect is a failure, and not followed", async () => {
  const before = received.length;
  expect(await attempt("/moved")).toMatchObject({ kind: "failed", status: 307 });
  expect(received.slice(before).map(({ path }) => path)).toEqual(["/moved"]);
});

test("an endless answer is not read", async () => {
  expect(await attempt("/endless")).toEqual({ kind: "delivered", status: 200 });
});

test.each([
  ["/silent", /within 0.5 s/],
  ["/cut-off", /fetch failed|closed|reset/i],
])("%s fails with its reason", async (path, reason) => {
  expect(await attempt(path)).toMatchObject({ kind: "failed", reason: expect.stringMatching(reason) });
});

test("a host that is not allowed is never called, nor anyone without a secret", async () => {
  const before = received.length;
  expect(await attempt("/taken", [])).toMatchObject({ kind: "failed", reason: /not among the hosts/ });
  expect(await attempt("/taken", ["hooks.example.com"], [])).toMatchObject({ kind: "failed", reason: /no secret/ });
  expect(received).toHaveLength(before);
});
