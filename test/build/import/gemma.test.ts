// SigLIP 2's texts: Gemma's BPE in small letters, 64 ids with the end kept, as transformers' Siglip2Tokenizer gives them.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readTexts } from "../../../src/build/import/importTexts.ts";
import { openSource } from "../../../src/build/import/openSource.ts";
import { createTokenizer } from "../../../src/core/text/tokenizer.ts";

const GOLDEN = "test/goldens/import/siglip2";
const dir = mkdtempSync(join(tmpdir(), "edgeclip-gemma-"));
afterAll(() => rmSync(dir, { recursive: true }));

async function textsOf(folder: string) {
  const source = await openSource(folder);
  try {
    return await readTexts(source);
  } finally {
    source.close();
  }
}

/** A copy of the folder, with the two files of its tokenizer changed. */
async function changed(changes: { tokenizer?: object; config?: object }) {
  const folder = mkdtempSync(join(dir, "folder-"));
  cpSync(GOLDEN, folder, { recursive: true });
  for (const [file, change] of [
    ["tokenizer.json", changes.tokenizer],
    ["tokenizer_config.json", changes.config],
  ] as const) {
    const path = join(folder, file);
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...change }));
  }
  return folder;
}

const golden: { tokens: { text: string; ids: number[] }[] } = JSON.parse(
  readFileSync(join(GOLDEN, "vectors.json"), "utf8"),
);

test("ids are transformers', of tags, runs, bytes, marks and texts that are too long", async () => {
  const { text, tokenizer } = await textsOf(GOLDEN);
  expect(text).toMatchObject({
    bos: null,
    eos: 1,
    pad: 0,
    context: 64,
    clean: "none",
    pooling: "last",
    tower: "deploy",
  });
  // As it lies in the pack.
  const tokenize = createTokenizer(JSON.parse(new TextDecoder().decode(tokenizer.bytes)), text);
  expect(golden.tokens.length).toBeGreaterThan(60);
  for (const { text: own, ids } of golden.tokens)
    expect([own, ...tokenize(own).ids]).toEqual([own, ...ids, ...Array(64 - ids.length).fill(0)]);
});

test("what stands around a text is told by the flags, and by the template where there are none", async () => {
  const none = { add_bos_token: undefined, add_eos_token: undefined };
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const template = (...single: object[]) => ({ post_processor: { type: "TemplateProcessing", single } });
  const sequence = { Sequence: { id: "A", type_id: 0 } };
  const told = async (changes: Parameters<typeof changed>[0]) => {
    const { text } = await textsOf(await changed(changes));
    return [text.bos, text.eos];
  };
  expect(await told({ config: { add_bos_token: true } })).toEqual([2, 1]);
  expect(await told({ config: none })).toEqual([null, 1]);
  const both = template(special("<bos>"), sequence, special("<eos>"));
  expect(await told({ config: none, tokenizer: both })).toEqual([2, 1]);
  expect(await told({ tokenizer: both })).toEqual([null, 1]);
  const gemma = template(special("<bos>"), sequence);
  await expect(told({ config: none, tokenizer: gemma })).rejects.toThrow(
    /post_processor: puts \[<bos>\] before and \[\]/,
  );
  await expect(told({ config: { add_eos_token: false } })).rejects.toThrow(/post_processor/);
  await expect(told({ config: { padding_side: "left" } })).rejects.toThrow(/padding_side/);
  await expect(told({ config: { pad_token: "<none>" } })).rejects.toThrow(/lacks <none> \(pad_token\)/);
});

test("a tokenizer that makes letters small by itself stays as it is", async () => {
  const normalizer = {
    type: "Sequence",
    normalizers: [{ type: "Lowercase" }, { type: "Replace", pattern: { String: " " }, content: "▁" }],
  };
  const { tokenizer } = await textsOf(await changed({ tokenizer: { normalizer } }));
  expect(tokenizer.json).toMatchObject({ normalizer });
});
