// Pulls that are refused: nothing is kept that is not what it should be.
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CHUNK, config, fetched, lock, pull, pulling, pulls, REPO, WEIGHTS, weights } from "./pulling.ts";
import { sha256 } from "./startHub.ts";

pulls();

test("content that is not what the hub hashed is removed, and nothing is locked", async () => {
  pulling.hub.files.set(WEIGHTS, { content: weights, lfs: true, claimedSha256: "0".repeat(64) });
  await expect(pull()).rejects.toThrow(
    `${REPO}/${WEIGHTS} arrived with sha256 ${sha256(weights)} instead of the hub's 000`,
  );
  expect(readdirSync(join(pulling.dir, "out"))).not.toContain(`${WEIGHTS}.part`);
  expect(existsSync(join(pulling.dir, "models.lock.json"))).toBe(false);
});

test("a file in Git that is not its blob", async () => {
  pulling.hub.interfere = (host, request, response) => {
    if (host !== "hub" || request.method !== "GET" || !request.url?.includes("resolve-cache")) return false;
    response.writeHead(206, { "content-range": `bytes 0-${config.length - 1}/${config.length}` });
    return Boolean(response.end(Buffer.alloc(config.length)));
  };
  await expect(pull()).rejects.toThrow("not the content that the hub calls");
});

test("another file under the locked revision, before a byte is fetched", async () => {
  await pull();
  rmSync(join(pulling.dir, "out"), { recursive: true });
  pulling.hub.files.set(WEIGHTS, { content: randomBytes(weights.length), lfs: true });
  pulling.hub.seen.length = 0;
  await expect(pull()).rejects.toThrow(/is not what .*models\.lock\.json has for model.*--update/s);
  expect(fetched()).toHaveLength(0);
  await pull({ update: true });
  expect(lock().models.model.files[1].sha256).not.toBe(`sha256:${sha256(weights)}`);
});

test("a delivery that lies about a locked file", async () => {
  await pull();
  rmSync(join(pulling.dir, "out"), { recursive: true });
  pulling.hub.interfere = (host, _request, response) =>
    host === "cdn" && Boolean(response.writeHead(200).end(Buffer.alloc(weights.length)));
  await expect(pull()).rejects.toThrow(`instead of the locked ${sha256(weights)}`);
});

test("a file that is shorter than the hub says", async () => {
  pulling.hub.files.set(WEIGHTS, { content: weights, lfs: true, claimedSize: weights.length + CHUNK });
  await expect(pull()).rejects.toThrow("again and again");
});

test("416 for a range that should be there", async () => {
  pulling.hub.interfere = (host, _request, response) => host === "cdn" && Boolean(response.writeHead(416).end());
  await expect(pull()).rejects.toThrow("it is shorter than the hub says");
});

test("no room on the disk, told before anything is fetched", async () => {
  await expect(pull({ freeBytes: async () => 64e6 })).rejects.toThrow(/164 kB are to come, and 64\.0 MB are free/);
  expect(fetched()).toHaveLength(0);
});

test("a licence that is not agreed to", async () => {
  const no = async () => {
    throw new Error("Not agreed to");
  };
  await expect(pull({ agree: no })).rejects.toThrow("Not agreed to");
  expect(fetched()).toHaveLength(0);
});

test("a redirect to an address that is not safe", async () => {
  pulling.hub.interfere = (host, request, response) =>
    host === "hub" &&
    request.method === "GET" &&
    (request.url ?? "").includes("/resolve/") &&
    Boolean(response.writeHead(302, { location: "http://example.com/x" }).end());
  await expect(pull()).rejects.toThrow("redirects to http://example.com/x, which is no https address");
});

test("a shard whose name leads out of the folder", async () => {
  const index = Buffer.from(JSON.stringify({ weight_map: { a: "../../evil" } }));
  pulling.hub.files.delete(WEIGHTS);
  pulling.hub.files.set(`${WEIGHTS}.index.json`, { content: index, lfs: false });
  await expect(pull()).rejects.toThrow('"../../evil" is no name of a shard');
});

test.each<[string, number, string, string]>([
  ["a gated repository", 403, "GatedRepo", "is gated (403): agree to its terms on"],
  ["a repository that is not there", 401, "RepoNotFound", "no such repository, or it is private (HF_TOKEN is not set)"],
  ["a token without the right", 403, "", "refuses it (403; HF_TOKEN is not set)"],
  ["a revision that is not there", 404, "RevisionNotFound", "has no revision main"],
])("%s", async (_name, status, code, message) => {
  pulling.hub.interfere = (_host, _request, response) =>
    Boolean(response.writeHead(status, { "x-error-code": code }).end());
  await expect(pull()).rejects.toThrow(message);
});

test("a repository without the files of the layout names what it has", async () => {
  pulling.hub.files.delete(WEIGHTS);
  await expect(pull()).rejects.toThrow(`${REPO} has no ${WEIGHTS} or ${WEIGHTS}.index.json. It has config.json.`);
});
