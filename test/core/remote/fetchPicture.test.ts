// Fetching from a real TLS server on loopback that behaves as badly as the names of its paths say.
import { readFileSync } from "node:fs";
import { createServer, request as httpsRequest, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Problem, type ProblemCode } from "../../../src/core/problem.ts";
import { fetchPicture, type RemoteOptions } from "../../../src/core/remote/fetchPicture.ts";

const [key, cert] = ["key", "cert"].map((name) => readFileSync(`test/fixtures/tls/${name}.pem`));
const picture = readFileSync("test/fixtures/pictures/hat.jpg");
const MAX_BYTES = 64 * 1024;

let server: Server;
const asked: string[] = [];
beforeAll(async () => {
  server = createServer({ key, cert }, (request, response) => {
    asked.push(`${request.headers.host}${request.url}`);
    const redirect = (location: string) => response.writeHead(302, { location }).end();
    const [, route = "", rest = ""] = (request.url ?? "").split("/");
    if (route === "picture") return response.writeHead(200, { "content-type": "image/jpeg" }).end(picture);
    if (route === "redirect") return redirect(Number(rest) > 1 ? `/redirect/${Number(rest) - 1}` : "/picture");
    if (route === "to-other") return redirect("https://other.example.com/picture");
    if (route === "to-private") return redirect("https://127.0.0.1/picture");
    if (route === "to-http") return redirect("http://images.example.com/picture");
    if (route === "to-nowhere") return response.writeHead(302).end();
    if (route === "declared-large")
      return response.writeHead(200, { "content-length": String(MAX_BYTES + 1) }).end(Buffer.alloc(MAX_BYTES + 1));
    if (route === "endless") {
      const more = () => response.write(Buffer.alloc(16_384), () => !response.destroyed && setImmediate(more));
      return more();
    }
    if (route === "slow-body") {
      response.writeHead(200, { "content-length": "1000" });
      return response.write("x");
    }
    if (route === "cut-off") {
      response.writeHead(200, { "content-length": "1000" });
      return response.write("x", () => response.destroy());
    }
    if (route === "silent") return undefined;
    return response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Names of example.com are this server; the certificate is checked as ever. */
const fetchHere: RemoteOptions["fetch"] = (url, { signal, headers }) =>
  new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const { hostname, pathname } = url;
    const options = {
      host: "127.0.0.1",
      port,
      servername: hostname,
      path: pathname,
      headers: { ...headers, host: hostname },
      ca: cert,
      signal,
    };
    httpsRequest(options, (message) => {
      const body = Readable.toWeb(message) as unknown as ReadableStream<Uint8Array>;
      const { statusCode: status = 500, headers: told } = message;
      resolve(new Response(body, { status, headers: told as Record<string, string> }));
    })
      .on("error", reject)
      .end();
  });

const get = (path: string, hosts = ["images.example.com"]) =>
  fetchPicture(`https://images.example.com${path}`, { hosts, fetch: fetchHere, maxBytes: MAX_BYTES, timeoutMs: 700 });

async function codeOf(work: Promise<unknown>): Promise<ProblemCode | undefined> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Problem) return error.code;
  throw error ?? new Error("it was fetched");
}

test("a picture arrives byte for byte, also behind three redirects", async () => {
  expect(Buffer.from(await get("/picture")).equals(picture)).toBe(true);
  expect(Buffer.from(await get("/redirect/3")).equals(picture)).toBe(true);
});

test("a redirect to another host is followed when that is allowed too", async () => {
  expect(Buffer.from(await get("/to-other", ["images.example.com", "other.example.com"])).equals(picture)).toBe(true);
});

test.each<[string, ProblemCode]>([
  ["/redirect/4", "remote_refused"],
  ["/to-other", "remote_refused"],
  ["/to-private", "remote_refused"],
  ["/to-http", "remote_refused"],
  ["/to-nowhere", "remote_failed"],
  ["/nothing", "remote_failed"],
  ["/cut-off", "remote_failed"],
  ["/declared-large", "remote_too_large"],
  ["/endless", "remote_too_large"],
  ["/slow-body", "remote_timeout"],
  ["/silent", "remote_timeout"],
])("%s: %s", async (path, code) => {
  expect(await codeOf(get(path))).toBe(code);
});

test("a refused address is never asked", async () => {
  const before = asked.length;
  expect(await codeOf(get("/picture", []))).toBe("remote_refused");
  expect(asked).toHaveLength(before);
});
