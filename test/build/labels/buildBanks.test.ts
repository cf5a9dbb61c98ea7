// The build of banks, with a tower that needs no model: what is embedded, written, skipped and removed.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildBanks } from "../../../src/build/labels/buildBanks.ts";
import { labelsHash } from "../../../src/build/labels/calibration.ts";
import { readBank } from "../../../src/core/labels/bank.ts";
import { bankHash } from "../../../src/core/labels/bankHash.ts";
import type { Manifest } from "../../../src/core/pack/manifest.ts";
import { meanOfUnit } from "../../../src/core/score/meanOfUnit.ts";
import { normalize } from "../../../src/core/score/normalize.ts";

const hash = (digit: string) => `sha256:${digit.repeat(64)}`;
const letters = Array.from("abcdefghijklmnopqrstuvwxyz");
const vocab = [
  ...letters,
  ...letters.map((letter) => `${letter}</w>`),
  "!",
  "!</w>",
  "<|startoftext|>",
  "<|endoftext|>",
];

const manifest: Manifest = {
  schema: 1,
  id: "toy",
  family: "open_clip",
  source: { repo: "none", revision: "none", licence: "none" },
  image: { size: 8, mean: [0, 0, 0], std: [1, 1, 1], resize: "shortest", crop: "center", interpolation: "bicubic" },
  text: {
    context: 12,
    vocab: 56,
    bos: 54,
    eos: 55,
    pad: 0,
    pooling: "eot",
    tokenizer: "tokenizer.json",
    clean: "open_clip",
  },
  embed_dim: 3,
  logit_scale: 10,
  logit_bias: 0,
  quantization: "fp32",
  space: hash("a"),
  pack: hash("b"),
  files: [],
};
const tokenizer = {
  version: "1.0",
  added_tokens: [],
  normalizer: { type: "Lowercase" },
  model: {
    type: "BPE",
    unk_token: "!",
    end_of_word_suffix: "</w>",
    vocab: Object.fromEntries(vocab.map((token, id) => [token, id])),
    merges: [],
  },
};

/** A vector out of the first and last letter and the length of each row of ids. */
const runs: [number, number][] = [];
const tower = {
  run(ids: Int32Array, dims: [number, number]) {
    runs.push(dims);
    const [rows, width] = dims;
    const vectors = Array.from({ length: rows }, (_, row) => {
      const own = Array.from(ids.subarray(row * width, (row + 1) * width));
      return vectorOf(own.slice(0, own.indexOf(55) + 1));
    });
    return Float32Array.from(vectors.flat());
  },
};
const vectorOf = (ids: number[]) => [ids[1]! + 1, ids.at(-2)! + 1, ids.length];

/** A vector out of the middle pixel. */
const vision = {
  run: (pixels: Uint8Array, [, size]: [number, number, number, number]) =>
    normalize(
      Array.from(pixels.subarray((size * size * 3) / 2 + 12, (size * size * 3) / 2 + 15), (value) => value + 1),
    ),
};

let dir = "";
let opened = 0;
let seen = 0;
const build = (log: (line: string) => void = () => {}) =>
  buildBanks({
    packDir: join(dir, "pack"),
    labelsDir: join(dir, "labels"),
    openText: async () => {
      opened++;
      return tower;
    },
    openVision: async () => {
      seen++;
      return vision;
    },
    log,
  });
const write = (name: string, content: unknown) =>
  writeFile(join(dir, name), typeof content === "string" ? content : JSON.stringify(content));
const bankFile = async (id: string) => JSON.parse(await readFile(join(dir, "pack/banks", `${id}.json`), "utf8"));
const vectors = async (id: string) => Uint8Array.from(await readFile(join(dir, "pack/banks", `${id}.bin`)));

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "banks-"));
  opened = 0;
  seen = 0;
  runs.length = 0;
  await mkdir(join(dir, "pack"));
  await mkdir(join(dir, "labels"));
  await write("pack/pack.json", manifest);
  await write("pack/tokenizer.json", tokenizer);
  await write(
    "labels/pets.yaml",
    'title: Pets\ntemplates: ["a {}", "{}"]\nlabels:\n  - cat\n  - {name: dog, parents: [animal], prompts: [hound]}\n',
  );
});
afterEach(() => rm(dir, { recursive: true }));

test("a bank holds the renormalised mean of its prompts", async () => {
  expect(await build()).toMatchObject([{ id: "pets", count: 2, skipped: false }]);
  const bank = readBank(await bankFile("pets"), (await vectors("pets")).buffer, manifest.space);
  expect(bank).toMatchObject({ id: "pets", title: "Pets", calibrated: false, templates: ["a {}", "{}"] });
  expect(bank.labels).toEqual([
    { name: "cat", parents: [] },
    { name: "dog", parents: ["animal"], prompts: ["hound"] },
  ]);
  const code = (letter: string, last = false) => letters.indexOf(letter) + (last ? 26 : 0);
  const aCat = vectorOf([54, code("a", true), code("c"), code("a"), code("t", true), 55]);
  const cat = vectorOf([54, code("c"), code("a"), code("t", true), 55]);
  const expected = meanOfUnit([aCat, cat]);
  for (const [i, value] of expected.entries()) expect(bank.vectors[i]).toBeCloseTo(value, 6);
});

test("the hash in the file is that of its content", async () => {
  await build();
  const file = await bankFile("pets");
  expect(await bankHash(file, await vectors("pets"))).toBe(file.hash);
});

test("batches are trimmed to their longest prompt", async () => {
  await build();
  expect(runs).toEqual([[3, 7]]);
});

test("what has not changed is skipped, and no model is opened for it", async () => {
  const [first] = await build();
  const [second] = await build();
  expect(second).toEqual({ ...first, skipped: true });
  expect(opened).toBe(1);
});

test("other labels, another pack or a damaged bank are built again", async () => {
  await build();
  await write("labels/pets.yaml", 'title: Pets\ntemplates: ["{}"]\nlabels: [cat]\n');
  expect(await build()).toMatchObject([{ count: 1, skipped: false }]);
  await write("pack/pack.json", { ...manifest, pack: hash("c") });
  expect(await build()).toMatchObject([{ skipped: false }]);
  await write("pack/banks/pets.bin", "short");
  expect(await build()).toMatchObject([{ skipped: false }]);
  await write("pack/banks/pets.json", "{");
  expect(await build()).toMatchObject([{ skipped: false }]);
  expect(await build()).toMatchObject([{ skipped: true }]);
});

test("a bank whose labels are gone is removed", async () => {
  await write("labels/old.yaml", 'title: Old\ntemplates: ["{}"]\nlabels: [cat]\n');
  await build();
  await rm(join(dir, "labels/old.yaml"));
  await build();
  expect((await readdir(join(dir, "pack/banks"))).sort()).toEqual(["pets.bin", "pets.json"]);
});

test("a mistake in one file leaves every bank alone", async () => {
  await build();
  await write("labels/zoo.yaml", "title: Zoo\n");
  await write("labels/pets.yaml", 'title: Pets\ntemplates: ["{}"]\nlabels: [cat]\n');
  await expect(build()).rejects.toThrow(/zoo\.yaml: templates/);
  expect((await bankFile("pets")).count).toBe(2);
});

test("a prompt that does not fit is named", async () => {
  await write("labels/pets.yaml", 'title: Pets\ntemplates: ["{}"]\nlabels: [abcdefghijklmnop]\n');
  const lines: string[] = [];
  await build((line) => lines.push(line));
  expect(lines[0]).toBe("pets: warning: does not fit 12 tokens: abcdefghijklmnop");
});

test("no label files, or one with a bad name", async () => {
  await write("labels/Bad Name.yaml", 'title: T\ntemplates: ["{}"]\nlabels: [a]\n');
  await expect(build()).rejects.toThrow(/Bad Name\.yaml: a bank is called after its file/);
  await rm(join(dir, "labels"), { recursive: true });
  await mkdir(join(dir, "labels"));
  await expect(build()).rejects.toThrow(/no label files/);
});

test("hard negatives follow the labels, and are hashed with them", async () => {
  await write(
    "labels/pets.yaml",
    'title: Pets\ntemplates: ["{}"]\nlabels:\n  - cat\n  - {name: dog, negatives: [a wolf, a fox]}\n',
  );
  const [first] = await build();
  const bank = readBank(await bankFile("pets"), (await vectors("pets")).buffer, manifest.space);
  expect([bank.vectors.length, bank.negatives.get(0), bank.negatives.get(1)?.length]).toEqual([6, undefined, 6]);
  await write(
    "labels/pets.yaml",
    'title: Pets\ntemplates: ["{}"]\nlabels:\n  - cat\n  - {name: dog, negatives: [a wolf]}\n',
  );
  const [second] = await build();
  expect(second?.hash).not.toBe(first?.hash);
});

test("a background that is no bank is refused by name", async () => {
  await write("labels/pets.yaml", 'title: Pets\nbackground: nothing\ntemplates: ["{}"]\nlabels: [cat]\n');
  await expect(build()).rejects.toThrow(/pets\.yaml: background: there is no nothing\.yaml/);
});

test("a calibration is applied to the labels and space that it was fitted on, and to no others", async () => {
  const yaml = await readFile(join(dir, "labels/pets.yaml"), "utf8");
  const fitted = {
    labels: await labelsHash(yaml, []),
    space: manifest.space,
    slope: 2,
    intercept: -1,
    pictures: 9,
    ece_before: 0.2,
    ece_after: 0.1,
  };
  await write("labels/pets.calibration.json", fitted);
  await build();
  expect(await bankFile("pets")).toMatchObject({ calibrated: true, calibration: { slope: 2, intercept: -1 } });

  const lines: string[] = [];
  await write("labels/pets.yaml", `${yaml}  - bird\n`);
  await build((line) => lines.push(line));
  expect(await bankFile("pets")).toMatchObject({ calibrated: false });
  expect(lines.join()).toContain("not applied");

  await write("labels/pets.yaml", yaml);
  await write("labels/pets.calibration.json", { ...fitted, space: hash("f") });
  await build();
  expect(await bankFile("pets")).toMatchObject({ calibrated: false });
});

test("a damaged calibration is refused by name", async () => {
  await write("labels/pets.calibration.json", { slope: "steep" });
  await expect(build()).rejects.toThrow(/pets\.calibration\.json: /);
});

describe("example pictures", () => {
  const withImages = (images: string) =>
    `title: Pets\ntemplates: ["{}"]\nlabels:\n  - cat\n  - {name: dog, images: ${images}}\n`;
  const place = async (from: string, to: string) => {
    await mkdir(join(dir, "labels/shown"), { recursive: true });
    await cp(`test/fixtures/pictures/${from}.jpg`, join(dir, "labels/shown", to));
  };
  const rows = async () => [...new Float32Array((await vectors("pets")).buffer)];

  test("move a label's vector, within the cone of texts, and are hashed with it", async () => {
    await write("labels/pets.yaml", 'title: Pets\ntemplates: ["{}"]\nlabels: [cat, dog]\n');
    const [without] = await build();
    const texts = await rows();
    await place("hat", "a.jpg");
    await write("labels/pets.yaml", withImages("[shown/a.jpg]"));
    const [first] = await build();
    const shown = await rows();
    expect(shown.slice(0, 3)).toEqual(texts.slice(0, 3));
    expect(shown.slice(3)).not.toEqual(texts.slice(3));
    expect(Math.hypot(...shown.slice(3))).toBeCloseTo(1, 6);
    const { labels } = await bankFile("pets");
    expect(labels[1].images).toEqual([expect.stringMatching(/^sha256:/)]);
    expect(first?.hash).not.toBe(without?.hash);

    expect(await build()).toMatchObject([{ skipped: true }]);
    await place("pants", "a.jpg");
    const [second] = await build();
    expect(second?.skipped).toBe(false);
    expect(second?.hash).not.toBe(first?.hash);
    expect(seen).toBe(2);
  });

  test("stand alone where a label has no prompts: its name changes nothing", async () => {
    await place("hat", "a.jpg");
    const named = async (name: string) => {
      const label = `{name: ${name}, prompts: [], images: [shown/a.jpg]}`;
      await write("labels/pets.yaml", `title: Pets\ntemplates: ["{}"]\nlabels: [cat, ${label}]\n`);
      await build();
      return rows();
    };
    const shelf = await named("B-4");
    expect(Math.hypot(...shelf.slice(3))).toBeCloseTo(1, 6);
    expect(await named("dog")).toEqual(shelf);
    await write("labels/pets.yaml", withImages("[shown/a.jpg]"));
    await build();
    expect(await rows()).not.toEqual(shelf);
  });

  test("no prompts without pictures is refused by its place", async () => {
    await write("labels/pets.yaml", 'title: Pets\ntemplates: ["{}"]\nlabels: [cat, {name: dog, prompts: []}]\n');
    await expect(build()).rejects.toThrow(/pets\.yaml: labels\.1[.:] ?prompts: may be empty only beside images/);
  });

  test("no vision tower is opened without them", async () => {
    await build();
    expect(seen).toBe(0);
  });

  test.each<[string, string, RegExp]>([
    ["none", "[]", /pets\.yaml: labels\.1\.images: must name at least one picture/],
    ["one that is not there", "[shown/none.jpg]", /pets\.yaml: labels\.1\.images\.0: "shown\/none\.jpg" is not there/],
    ["one outside", "[shown/a.jpg, ../pack/pack.json]", /pets\.yaml: labels\.1\.images\.1: .* leads out of/],
    ["an absolute path", "[/etc/hostname]", /pets\.yaml: labels\.1\.images\.0: .* leads out of/],
    ["a link that leads out", "[shown/link.jpg]", /pets\.yaml: labels\.1\.images\.0: .* leads out of/],
    ["a folder", "[shown]", /pets\.yaml: labels\.1\.images\.0: "shown" cannot be read/],
    ["no picture", "[pets.yaml]", /labels\/pets\.yaml: /],
  ])("%s: refused by its place", async (_name, images, message) => {
    await place("hat", "a.jpg");
    await symlink(join(dir, "pack/pack.json"), join(dir, "labels/shown/link.jpg"));
    await write("labels/pets.yaml", withImages(images));
    await expect(build()).rejects.toThrow(message);
  });
});

describe("an adapter", () => {
  const learned = Float32Array.of(0, 0.6, 0.8);
  const adapted = { pictures: 9, folds: 3, accuracy_before: 0.5, accuracy_after: 0.9, p: 0.01, rows: [1] };
  const fitted = async (space = manifest.space) => ({
    labels: await labelsHash(await readFile(join(dir, "labels/pets.yaml"), "utf8"), []),
    space,
    adapted: { method: "linear", loss: "multi-positive", pull: 0.5, ...adapted },
    vectors: Buffer.from(learned.buffer).toString("base64"),
  });
  const bankOf = async () => readBank(await bankFile("pets"), (await vectors("pets")).buffer, manifest.space);

  test("lies behind the texts, takes their place for classify, and is hashed", async () => {
    const [before] = await build();
    await write("labels/pets.adapter.json", await fitted());
    const [after] = await build();
    const bank = await bankOf();
    expect(bank.adapted).toMatchObject({ method: "linear", p: 0.01, rows: [1] });
    expect(bank.classes.slice(0, 3)).toEqual(bank.vectors.slice(0, 3));
    expect([...bank.classes.slice(3)]).toEqual([...learned]);
    expect([...bank.vectors.slice(3)]).not.toEqual([...learned]);
    expect(after?.hash).not.toBe(before?.hash);
    expect(await bankHash(await bankFile("pets"), await vectors("pets"))).toBe(after?.hash);
    expect(await build()).toMatchObject([{ skipped: true }]);
  });

  test("a cache leaves the class vectors alone", async () => {
    const cache = { method: "tip", alpha: 1, beta: 5.5, ...adapted };
    await write("labels/pets.adapter.json", { ...(await fitted()), adapted: cache });
    await build();
    const bank = await bankOf();
    expect(bank.classes).toEqual(bank.vectors);
    expect([...bank.learned]).toEqual([...learned]);
  });

  test("of another space or other labels is not applied, and a damaged one is refused by name", async () => {
    const lines: string[] = [];
    await write("labels/pets.adapter.json", await fitted(hash("f")));
    await build((line) => lines.push(line));
    expect(await bankFile("pets")).not.toHaveProperty("adapted");
    expect(lines.join()).toContain("its adapter was fitted on other labels or another model");
    await write("labels/pets.adapter.json", { ...(await fitted()), labels: hash("e") });
    await build();
    expect(await bankFile("pets")).not.toHaveProperty("adapted");
    await write("labels/pets.adapter.json", "{}");
    await expect(build()).rejects.toThrow(/pets\.adapter\.json: /);
  });

  test("rows that are no labels are refused when the bank is read", async () => {
    const file = await fitted();
    await write("labels/pets.adapter.json", { ...file, adapted: { ...file.adapted, rows: [2] } });
    await build();
    await expect(bankOf()).rejects.toThrow(/a label that is not there/);
  });
});
