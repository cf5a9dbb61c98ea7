// Example pictures of a bank's labels.
import { cp, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bankFile, build, toy, toyBanks, vectors, write } from "./toyBanks.ts";

toyBanks();

const withImages = (images: string) =>
  `title: Pets\ntemplates: ["{}"]\nlabels:\n  - cat\n  - {name: dog, images: ${images}}\n`;
const place = async (from: string, to: string) => {
  await mkdir(join(toy.dir, "labels/shown"), { recursive: true });
  await cp(`test/fixtures/pictures/${from}.jpg`, join(toy.dir, "labels/shown", to));
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
  expect(toy.visions).toBe(2);
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
  expect(toy.visions).toBe(0);
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
  await symlink(join(toy.dir, "pack/pack.json"), join(toy.dir, "labels/shown/link.jpg"));
  await write("labels/pets.yaml", withImages(images));
  await expect(build()).rejects.toThrow(message);
});
