// A model pulled from a hub on loopback, locked, with what belongs to it.
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  CHUNK,
  config,
  fetched,
  LAYOUT,
  lines,
  lock,
  out,
  pull,
  pulling,
  pulls,
  REPO,
  WEIGHTS,
  weights,
} from "./pulling.ts";
import { deliver, sha256 } from "./startHub.ts";

pulls();

test("the first pull locks revision, sizes and hashes; the next one needs nothing", async () => {
  const locked = await pull();
  expect(out(WEIGHTS).equals(weights)).toBe(true);
  expect(out("config.json").equals(config)).toBe(true);
  expect(locked).toEqual({
    repo: REPO,
    revision: pulling.hub.commit,
    licence: "MIT",
    files: [
      { path: "config.json", bytes: config.length, sha256: `sha256:${sha256(config)}` },
      { path: WEIGHTS, bytes: weights.length, sha256: `sha256:${sha256(weights)}` },
    ],
  });
  expect(lock().models.model).toEqual(locked);
  expect(readdirSync(join(pulling.dir, "out")).sort()).toEqual(["config.json", WEIGHTS]);
  expect(fetched()).toHaveLength(11);

  pulling.hub.seen.length = 0;
  await pull();
  expect(fetched()).toHaveLength(0);
  expect(lines.at(-1)).toBe("Everything was there already.");
});

test("the token goes to the hub and never to the host that it redirects to", async () => {
  await pull({}, "hf_secret");
  const tokens = (host: string) =>
    new Set(pulling.hub.seen.filter((each) => each.host === host).map((e) => e.headers.authorization));
  expect(tokens("hub")).toEqual(new Set(["Bearer hf_secret"]));
  expect(tokens("cdn")).toEqual(new Set([undefined]));
});

test("several connections at a time, and no more than asked for", async () => {
  let open = 0;
  let most = 0;
  pulling.hub.interfere = (host, request, response) => {
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

test("of alternatives the first that is there as a whole, and what is optional where there is any", async () => {
  pulling.hub.files.set("merges.txt", { content: Buffer.from("m"), lfs: false });
  const layout = { ...LAYOUT, one_of: [...LAYOUT.one_of, [["tokenizer.json"], ["vocab.json", "merges.txt"]]] };
  await expect(pull({ layout })).rejects.toThrow("has no tokenizer.json or vocab.json with merges.txt. It has");
  pulling.hub.files.set("vocab.json", { content: Buffer.from("{}"), lfs: false });
  pulling.hub.files.set("preprocessor_config.json", { content: Buffer.from("{ }"), lfs: false });
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
  pulling.hub.files.delete(WEIGHTS);
  pulling.hub.files.set(`${WEIGHTS}.index.json`, { content: index, lfs: false });
  for (const shard of shards) pulling.hub.files.set(shard, { content: randomBytes(3 * CHUNK), lfs: true });
  await pull();
  expect(lock().models.model.files.map(({ path }: { path: string }) => path)).toEqual([
    "config.json",
    `${WEIGHTS}.index.json`,
    ...shards,
  ]);
});
