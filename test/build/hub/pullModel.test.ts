// Pulling from a hub on loopback, the good way and every bad one.
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hubOf } from "../../../src/build/hub/hub.ts";
import { type PullOptions, pullModel } from "../../../src/build/hub/pullModel.ts";
import type { KnownModel } from "../../../src/build/registry/schema.ts";
import { deliver, type FakeHub, sha256, startHub } from "./startHub.ts";

const REPO = "owner/model";
const CHUNK = 16 * 1024;
const WEIGHTS = "model.safetensors";
const weights = randomBytes(10 * CHUNK + 123);
const config = Buffer.from('{"model_type": "clip"}\n');
const MODEL: KnownModel = {
  id: "model",
  title: "A model",
  command: "build",
  repo: REPO,
  revision: "main",
  layout: "any",
  licence: { id: "MIT", commercial: true, source: "card" },
  image_size: 224,
  embed_dim: 512,
  params: { vision: 1, text: 1, source: "card" },
  text_tower: "edge",
};
const LAYOUT = {
  files: ["config.json"],
  one_of: [[[WEIGHTS], [`${WEIGHTS}.index.json`]]],
  optional: ["preprocessor_config.json"],
};

let dir: string;
let hub: FakeHub;
let waits: number[];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "edgeclip-pull-"));
  hub = await startHub(REPO);
  hub.files.set("config.json", { content: config, lfs: false });
  hub.files.set(WEIGHTS, { content: weights, lfs: true });
  waits = [];
});
afterEach(() => {
  hub.close();
  rmSync(dir, { recursive: true });
});

const lines: string[] = [];
function pull(change: Partial<PullOptions> = {}, token?: string) {
  lines.length = 0;
  const asked = hubOf({ HF_ENDPOINT: hub.url, HF_TOKEN: token });
  return pullModel({
    hub: {
      ...asked,
      wait: async (ms) => {
        waits.push(ms);
      },
    },
    model: MODEL,
    layout: LAYOUT,
    outDir: join(dir, "out"),
    lockPath: join(dir, "models.lock.json"),
    revision: undefined,
    update: false,
    parallel: 4,
    freeBytes: async () => 1e12,
    agree: async () => undefined,
    log: (line) => lines.push(line),
    screen: { write: () => true },
    chunkBytes: CHUNK,
    ...change,
  });
}
const out = (name: string) => readFileSync(join(dir, "out", name));
const lock = () => JSON.parse(readFileSync(join(dir, "models.lock.json"), "utf8"));
const fetched = () => hub.seen.filter(({ host, method }) => host === "cdn" && method === "GET");
/** Answers the n-th GET of the delivering host by itself. */
function onDelivery(n: number, answer: (response: ServerResponse) => void): void {
  let count = 0;
  hub.interfere = (host, request, response) => {
    if (host !== "cdn" || request.method !== "GET" || ++count !== n) return false;
    answer(response);
    return true;
  };
}

test("the first pull locks revision, sizes and hashes; the next one needs nothing", async () => {
  const locked = await pull();
  expect(out(WEIGHTS).equals(weights)).toBe(true);
  expect(out("config.json").equals(config)).toBe(true);
  expect(locked).toEqual({
    repo: REPO,
    revision: hub.commit,
    licence: "MIT",
    files: [
      { path: "config.json", bytes: config.length, sha256: `sha256:${sha256(config)}` },
      { path: WEIGHTS, bytes: weights.length, sha256: `sha256:${sha256(weights)}` },
    ],
  });
  expect(lock().models.model).toEqual(locked);
  expect(readdirSync(join(dir, "out")).sort()).toEqual(["config.json", WEIGHTS]);
  expect(fetched()).toHaveLength(11);

  hub.seen.length = 0;
  await pull();
  expect(fetched()).toHaveLength(0);
  expect(lines.at(-1)).toBe("Everything was there already.");
});

test("the token goes to the hub and never to the host that it redirects to", async () => {
  await pull({}, "hf_secret");
  const tokens = (host: string) =>
    new Set(hub.seen.filter((each) => each.host === host).map((e) => e.headers.authorization));
  expect(tokens("hub")).toEqual(new Set(["Bearer hf_secret"]));
  expect(tokens("cdn")).toEqual(new Set([undefined]));
});

test("several connections at a time, and no more than asked for", async () => {
  let open = 0;
  let most = 0;
  hub.interfere = (host, request, response) => {
    if (host !== "cdn") return false;
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      deliver(request, response, weights, { etag: '"slow"' });
    }, 40);
    return true;
  };
  await pull({ parallel: 3 });
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(3);
});

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
    hub.interfere = (host, _request, response) => {
      if (host !== "cdn" || ++count <= 6) return false;
      response.writeHead(404).end();
      return true;
    };
    await expect(pull({ parallel: 1 })).rejects.toThrow("answered 404");
    expect(existsSync(join(dir, "out", `${WEIGHTS}.part`))).toBe(true);
    expect(existsSync(join(dir, "models.lock.json"))).toBe(false);

    hub.interfere = () => false;
    hub.seen.length = 0;
    await pull();
    expect(out(WEIGHTS).equals(weights)).toBe(true);
    expect(fetched()).toHaveLength(5);
    expect(readdirSync(join(dir, "out")).sort()).toEqual(["config.json", WEIGHTS]);
  });

  test("bytes of another version are not mixed in: everything is fetched anew", async () => {
    onDelivery(5, (response) => {
      hub.version = "v2";
      response.writeHead(200, { etag: '"v2-model.safetensors"' }).end(weights);
    });
    await pull({ parallel: 1 });
    expect(out(WEIGHTS).equals(weights)).toBe(true);
    expect(fetched().at(-1)?.headers["if-range"]).toBe('"v2-model.safetensors"');
    expect(fetched()).toHaveLength(5 + 11);
  });

  test("a state file that is damaged counts as nothing", async () => {
    hub.interfere = (host, _request, response) => host === "cdn" && Boolean(response.writeHead(404).end());
    await expect(pull()).rejects.toThrow("404");
    writeFileSync(join(dir, "out", `${WEIGHTS}.part.json`), "{");
    hub.interfere = () => false;
    await pull();
    expect(out(WEIGHTS).equals(weights)).toBe(true);
  });
});

describe("asked again", () => {
  test("429 waits as long as Retry-After says", async () => {
    onDelivery(2, (response) => response.writeHead(429, { "retry-after": "7" }).end());
    await pull({ parallel: 1 });
    expect(waits).toEqual([7000]);
    expect(out(WEIGHTS).equals(weights)).toBe(true);
  });

  test("429 of the hub with the RateLimit header", async () => {
    let count = 0;
    hub.interfere = (host, _request, response) =>
      host === "hub" && ++count === 1 && Boolean(response.writeHead(429, { ratelimit: '"api";r=0;t=55' }).end());
    await pull();
    expect(waits).toEqual([55_000]);
  });

  test("a wait past reason is told instead", async () => {
    hub.interfere = (_host, _request, response) => Boolean(response.writeHead(429, { "retry-after": "3600" }).end());
    await expect(pull()).rejects.toThrow("asked again in 60 minutes");
  });

  test("500 backs off, and gives up in the end", async () => {
    hub.interfere = (host, _request, response) => host === "cdn" && Boolean(response.writeHead(500).end());
    await expect(pull({ parallel: 1 })).rejects.toThrow("answered 500");
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000]);
  });

  test("a signature that ran out gets a new address from the hub", async () => {
    onDelivery(4, (response) => response.writeHead(403).end());
    await pull({ parallel: 1 });
    expect(out(WEIGHTS).equals(weights)).toBe(true);
  });

  test("a server without ranges is read in one stream", async () => {
    hub.interfere = (host, _request, response) => host === "cdn" && Boolean(response.writeHead(200).end(weights));
    await pull();
    expect(out(WEIGHTS).equals(weights)).toBe(true);
  });
});

describe("refused", () => {
  test("content that is not what the hub hashed is removed, and nothing is locked", async () => {
    hub.files.set(WEIGHTS, { content: weights, lfs: true, claimedSha256: "0".repeat(64) });
    await expect(pull()).rejects.toThrow(
      `${REPO}/${WEIGHTS} arrived with sha256 ${sha256(weights)} instead of the hub's 000`,
    );
    expect(readdirSync(join(dir, "out"))).not.toContain(`${WEIGHTS}.part`);
    expect(existsSync(join(dir, "models.lock.json"))).toBe(false);
  });

  test("a file in Git that is not its blob", async () => {
    hub.interfere = (host, request, response) => {
      if (host !== "hub" || request.method !== "GET" || !request.url?.includes("resolve-cache")) return false;
      response.writeHead(206, { "content-range": `bytes 0-${config.length - 1}/${config.length}` });
      return Boolean(response.end(Buffer.alloc(config.length)));
    };
    await expect(pull()).rejects.toThrow("not the content that the hub calls");
  });

  test("another file under the locked revision, before a byte is fetched", async () => {
    await pull();
    rmSync(join(dir, "out"), { recursive: true });
    hub.files.set(WEIGHTS, { content: randomBytes(weights.length), lfs: true });
    hub.seen.length = 0;
    await expect(pull()).rejects.toThrow(/is not what .*models\.lock\.json has for model.*--update/s);
    expect(fetched()).toHaveLength(0);
    await pull({ update: true });
    expect(lock().models.model.files[1].sha256).not.toBe(`sha256:${sha256(weights)}`);
  });

  test("a delivery that lies about a locked file", async () => {
    await pull();
    rmSync(join(dir, "out"), { recursive: true });
    hub.interfere = (host, _request, response) =>
      host === "cdn" && Boolean(response.writeHead(200).end(Buffer.alloc(weights.length)));
    await expect(pull()).rejects.toThrow(`instead of the locked ${sha256(weights)}`);
  });

  test("a file that is shorter than the hub says", async () => {
    hub.files.set(WEIGHTS, { content: weights, lfs: true, claimedSize: weights.length + CHUNK });
    await expect(pull()).rejects.toThrow("again and again");
  });

  test("416 for a range that should be there", async () => {
    hub.interfere = (host, _request, response) => host === "cdn" && Boolean(response.writeHead(416).end());
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
    hub.interfere = (host, request, response) =>
      host === "hub" &&
      request.method === "GET" &&
      (request.url ?? "").includes("/resolve/") &&
      Boolean(response.writeHead(302, { location: "http://example.com/x" }).end());
    await expect(pull()).rejects.toThrow("redirects to http://example.com/x, which is no https address");
  });

  test("a shard whose name leads out of the folder", async () => {
    const index = Buffer.from(JSON.stringify({ weight_map: { a: "../../evil" } }));
    hub.files.delete(WEIGHTS);
    hub.files.set(`${WEIGHTS}.index.json`, { content: index, lfs: false });
    await expect(pull()).rejects.toThrow('"../../evil" is no name of a shard');
  });

  test.each<[string, number, string, string]>([
    ["a gated repository", 403, "GatedRepo", "is gated (403): agree to its terms on"],
    [
      "a repository that is not there",
      401,
      "RepoNotFound",
      "no such repository, or it is private (HF_TOKEN is not set)",
    ],
    ["a token without the right", 403, "", "refuses it (403; HF_TOKEN is not set)"],
    ["a revision that is not there", 404, "RevisionNotFound", "has no revision main"],
  ])("%s", async (_name, status, code, message) => {
    hub.interfere = (_host, _request, response) => Boolean(response.writeHead(status, { "x-error-code": code }).end());
    await expect(pull()).rejects.toThrow(message);
  });

  test("a repository without the files of the layout names what it has", async () => {
    hub.files.delete(WEIGHTS);
    await expect(pull()).rejects.toThrow(`${REPO} has no ${WEIGHTS} or ${WEIGHTS}.index.json. It has config.json.`);
  });
});

test("of alternatives the first that is there as a whole, and what is optional where there is any", async () => {
  hub.files.set("merges.txt", { content: Buffer.from("m"), lfs: false });
  const layout = { ...LAYOUT, one_of: [...LAYOUT.one_of, [["tokenizer.json"], ["vocab.json", "merges.txt"]]] };
  await expect(pull({ layout })).rejects.toThrow("has no tokenizer.json or vocab.json with merges.txt. It has");
  hub.files.set("vocab.json", { content: Buffer.from("{}"), lfs: false });
  hub.files.set("preprocessor_config.json", { content: Buffer.from("{ }"), lfs: false });
  const { files } = await pull({ layout });
  expect(files.map(({ path }) => path)).toEqual([
    "config.json",
    WEIGHTS,
    "vocab.json",
    "merges.txt",
    "preprocessor_config.json",
  ]);
});

test("sharded weights come with their index", async () => {
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const index = Buffer.from(JSON.stringify({ weight_map: { a: shards[0], b: shards[1], c: shards[0] } }));
  hub.files.delete(WEIGHTS);
  hub.files.set(`${WEIGHTS}.index.json`, { content: index, lfs: false });
  for (const shard of shards) hub.files.set(shard, { content: randomBytes(3 * CHUNK), lfs: true });
  await pull();
  expect(lock().models.model.files.map(({ path }: { path: string }) => path)).toEqual([
    "config.json",
    `${WEIGHTS}.index.json`,
    ...shards,
  ]);
});
