// An adapter that was fitted for a bank, as the bank takes it in.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labelsHash } from "../../../src/build/labels/calibration.ts";
import { readBank } from "../../../src/core/labels/bank.ts";
import { bankHash } from "../../../src/core/labels/bankHash.ts";
import { bankFile, build, hash, manifest, toy, toyBanks, vectors, write } from "./toyBanks.ts";

toyBanks();

const learned = Float32Array.of(0, 0.6, 0.8);
const adapted = { pictures: 9, folds: 3, accuracy_before: 0.5, accuracy_after: 0.9, p: 0.01, rows: [1] };
const fitted = async (space = manifest.space) => ({
  labels: await labelsHash(await readFile(join(toy.dir, "labels/pets.yaml"), "utf8"), []),
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
