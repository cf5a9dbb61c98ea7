// Data in each of its forms, and what is wrong with it told by place.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { limited, readDataset } from "../../../src/build/eval/dataset/readDataset.ts";
import { readNames } from "../../../src/build/eval/names.ts";

const HAT = "test/fixtures/pictures/hat.jpg";
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "edgeclip-eval-"));
});
afterEach(() => rmSync(dir, { recursive: true }));
const put = (path: string, content: string | Uint8Array) => {
  mkdirSync(join(dir, path, ".."), { recursive: true });
  writeFileSync(join(dir, path), content);
};
const picture = (path: string) => {
  mkdirSync(join(dir, path, ".."), { recursive: true });
  cpSync(HAT, join(dir, path));
};
/** By the system's own tar. */
const tar = (name: string, format: string, ...files: string[]) =>
  execFileSync("tar", ["-C", dir, `--format=${format}`, "-cf", join(dir, name), ...files]);

test("a folder a class, pictures at any depth, nothing else", async () => {
  picture("data/hat/b.jpg");
  picture("data/hat/deep/a.JPEG");
  picture("data/cat/c.png");
  put("data/hat/notes.txt", "x");
  put("data/readme.md", "x");
  const samples = await readDataset(join(dir, "data"));
  expect(samples.map(({ name, label }) => [label, name])).toEqual([
    ["cat", "cat/c.png"],
    ["hat", "hat/b.jpg"],
    ["hat", "hat/deep/a.JPEG"],
  ]);
  expect((await samples[0]!.read()).length).toBe(readFileSync(HAT).length);
});

test.each(["ustar", "gnu", "pax"])("webdataset shards of %s tars: label, captions and bytes", async (format) => {
  const long = `${"folder-of-a-long-name/".repeat(5)}${"x".repeat(40)}`;
  for (const key of ["0001", long]) picture(`${key}.jpg`);
  put("0001.cls", "3\n");
  put("0001.txt", "A hat. On a table.");
  put("0001.json", JSON.stringify({ captions: ["A hat. On a table.", "Headwear"], width: 3 }));
  put(`${long}.json`, JSON.stringify({ label: "hat", caption: "one" }));
  put("0002.txt", "without a picture");
  tar("shard-0.tar", format, "0001.jpg", "0001.cls", "0001.txt", "0001.json", "0002.txt");
  tar("shard-1.tar", format, `${long}.json`, `${long}.jpg`);
  for (const name of ["0001.jpg", "0001.cls"]) rmSync(join(dir, name));
  const samples = await readDataset(dir);
  expect(samples.map(({ label, captions }) => [label, captions])).toEqual([
    ["3", ["A hat. On a table.", "Headwear"]],
    ["hat", ["one"]],
  ]);
  expect(Buffer.from(await samples[1]!.read()).equals(readFileSync(HAT))).toBe(true);
});

test("an NDJSON manifest, its paths from its own folder", async () => {
  picture("data/pictures/a.jpg");
  put("data/list.ndjson", '{"image": "pictures/a.jpg", "label": 7, "caption": "a", "captions": ["b"]}\n\n');
  const [sample] = await readDataset(join(dir, "data/list.ndjson"));
  expect(sample).toMatchObject({ label: "7", captions: ["a", "b"] });
  expect((await sample!.read()).length).toBeGreaterThan(1000);
});

test.each<[string, string, string | undefined, RegExp]>([
  ["nothing there", "x.tar", undefined, /x\.tar is not there/],
  ["something else", "x.csv", "a,b", /is no folder, no \.tar/],
  ["a tar that is compressed", "x.tar", "\x1f\x8b".padEnd(2000, "z"), /no tar header at byte 0; is it compressed\?/],
  ["a line that is no JSON", "x.ndjson", '{"image": "a"}\n{', /x\.ndjson:2: not JSON/],
  ["a line without a picture", "x.jsonl", '{"label": "a"}', /x\.jsonl:1: image/],
])("%s is refused by place", async (_name, path, content, message) => {
  if (content !== undefined) put(path, content);
  await expect(readDataset(join(dir, path))).rejects.toThrow(message);
});

test("a tar that breaks off", async () => {
  picture("0001.jpg");
  tar("a.tar", "gnu", "0001.jpg");
  writeFileSync(join(dir, "a.tar"), readFileSync(join(dir, "a.tar")).subarray(0, 2000));
  await expect(readDataset(join(dir, "a.tar"))).rejects.toThrow("ends in the middle of a file");
});

test("names for numbers and codes", async () => {
  put("a.txt", "tench\ngoldfish\n");
  put("b.json", '{"n01440764": "tench"}');
  expect((await readNames(join(dir, "a.txt")))("1")).toBe("goldfish");
  const named = await readNames(join(dir, "b.json"));
  expect([named("n01440764"), named("other")]).toEqual(["tench", "other"]);
});

test("a limit is spread over the data", () => {
  expect(limited([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 2, 5, 7]);
  expect(limited([1, 2], 4)).toEqual([1, 2]);
});
