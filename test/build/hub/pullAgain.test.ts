// Pulls that break off and go on, and that wait and ask again.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CHUNK, fetched, onDelivery, out, pull, pulling, pulls, WEIGHTS, weights } from "./pulling.ts";

pulls();

describe("taken up again", () => {
  test("a connection cut in the middle goes on at its last byte", async () => {
    onDelivery(3, (response) => {
      response.writeHead(206, {
        etag: '"v1-model.safetensors"',
        "content-range": `bytes ${2 * CHUNK}-${3 * CHUNK - 1}/${weights.length}`,
        "content-length": String(CHUNK),
      });
      response.write(weights.subarray(2 * CHUNK, 2 * CHUNK + 1000), () => setTimeout(() => response.destroy(), 20));
    });
    await pull({ parallel: 1 });
    expect(out(WEIGHTS).equals(weights)).toBe(true);
    expect(fetched()[3]?.headers.range).toBe(`bytes=${2 * CHUNK + 1000}-${3 * CHUNK - 1}`);
    expect(fetched()[3]?.headers["if-range"]).toBe('"v1-model.safetensors"');
  });

  test("a pull that failed for good leaves what it has, and the next one fetches only the rest", async () => {
    let count = 0;
    pulling.hub.interfere = (host, _request, response) => {
      if (host !== "cdn" || ++count <= 6) return false;
      response.writeHead(404).end();
      return true;
    };
    await expect(pull({ parallel: 1 })).rejects.toThrow("answered 404");
    expect(existsSync(join(pulling.dir, "out", `${WEIGHTS}.part`))).toBe(true);
    expect(existsSync(join(pulling.dir, "models.lock.json"))).toBe(false);

    pulling.hub.interfere = () => false;
    pulling.hub.seen.length = 0;
    await pull();
    expect(out(WEIGHTS).equals(weights)).toBe(true);
    expect(fetched()).toHaveLength(5);
    expect(readdirSync(join(pulling.dir, "out")).sort()).toEqual(["config.json", WEIGHTS]);
  });

  test("bytes of another version are not mixed in: everything is fetched anew", async () => {
    onDelivery(5, (response) => {
      pulling.hub.version = "v2";
      response.writeHead(200, { etag: '"v2-model.safetensors"' }).end(weights);
    });
    await pull({ parallel: 1 });
    expect(out(WEIGHTS).equals(weights)).toBe(true);
    expect(fetched().at(-1)?.headers["if-range"]).toBe('"v2-model.safetensors"');
    expect(fetched()).toHaveLength(5 + 11);
  });

  test("a state file that is damaged counts as nothing", async () => {
    pulling.hub.interfere = (host, _request, response) => host === "cdn" && Boolean(response.writeHead(404).end());
    await expect(pull()).rejects.toThrow("404");
    writeFileSync(join(pulling.dir, "out", `${WEIGHTS}.part.json`), "{");
    pulling.hub.interfere = () => false;
    await pull();
    expect(out(WEIGHTS).equals(weights)).toBe(true);
  });
});

describe("asked again", () => {
  test("429 waits as long as Retry-After says", async () => {
    onDelivery(2, (response) => response.writeHead(429, { "retry-after": "7" }).end());
    await pull({ parallel: 1 });
    expect(pulling.waits).toEqual([7000]);
    expect(out(WEIGHTS).equals(weights)).toBe(true);
  });

  test("429 of the hub with the RateLimit header", async () => {
    let count = 0;
    pulling.hub.interfere = (host, _request, response) =>
      host === "hub" && ++count === 1 && Boolean(response.writeHead(429, { ratelimit: '"api";r=0;t=55' }).end());
    await pull();
    expect(pulling.waits).toEqual([55_000]);
  });

  test("a wait past reason is told instead", async () => {
    pulling.hub.interfere = (_host, _request, response) =>
      Boolean(response.writeHead(429, { "retry-after": "3600" }).end());
    await expect(pull()).rejects.toThrow("asked again in 60 minutes");
  });

  test("500 backs off, and gives up in the end", async () => {
    pulling.hub.interfere = (host, _request, response) => host === "cdn" && Boolean(response.writeHead(500).end());
    await expect(pull({ parallel: 1 })).rejects.toThrow("answered 500");
    expect(pulling.waits).toEqual([500, 1000, 2000, 4000, 8000]);
  });

  test("a signature that ran out gets a new address from the hub", async () => {
    onDelivery(4, (response) => response.writeHead(403).end());
    await pull({ parallel: 1 });
    expect(out(WEIGHTS).equals(weights)).toBe(true);
  });

  test("a server without ranges is read in one stream", async () => {
    pulling.hub.interfere = (host, _request, response) =>
      host === "cdn" && Boolean(response.writeHead(200).end(weights));
    await pull();
    expect(out(WEIGHTS).equals(weights)).toBe(true);
  });
});
