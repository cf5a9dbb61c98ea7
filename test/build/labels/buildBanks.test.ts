// The build of banks, with a tower that needs no model: what is embedded, written, skipped and removed.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labelsHash } from "../../../src/build/labels/calibration.ts";
import { readBank } from "../../../src/core/labels/bank.ts";
import { bankHash } from "../../../src/core/labels/bankHash.ts";
import { meanOfUnit } from "../../../src/core/score/meanOfUnit.ts";
import { bankFile, build, hash, letters, manifest, runs, toy, toyBanks, vectorOf, vectors, write } from "./toyBanks.ts";

toyBanks();

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
  expect(toy.texts).toBe(1);
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
  await rm(join(toy.dir, "labels/old.yaml"));
  await build();
  expect((await readdir(join(toy.dir, "pack/banks"))).sort()).toEqual(["pets.bin", "pets.json"]);
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
  await rm(join(toy.dir, "labels"), { recursive: true });
  await mkdir(join(toy.dir, "labels"));
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
  const yaml = await readFile(join(toy.dir, "labels/pets.yaml"), "utf8");
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
