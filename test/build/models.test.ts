// `npm run models -- build` as a person runs it.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), "edgeclip-models-"));
afterAll(() => rmSync(dir, { recursive: true }));

const models = (...args: string[]) => run(process.execPath, ["src/build/models.ts", ...args]);
const build = (from: string, ...rest: string[]) =>
  models(
    "build",
    from,
    "--id",
    "made",
    "--calibrate",
    "test/fixtures/pictures",
    "--out",
    join(dir, "int8"),
    "--out-fp32",
    join(dir, "fp32"),
    ...rest,
  );
const json = (...path: string[]) => JSON.parse(readFileSync(join(dir, ...path), "utf8"));

test("nano's checkpoint becomes an fp32 and an int8 pack of one space", async () => {
  const { stdout } = await build("training/nano", "--allow-drift");
  expect(stdout).toMatch(/drift of 10 image vectors against fp32: cosine mean 0\.9/);
  const [int8, fp32] = [json("int8", "pack.json"), json("fp32", "pack.json")];
  expect([int8.quantization, fp32.quantization]).toEqual(["int8", "fp32"]);
  expect(int8.space).toBe(fp32.space);
  expect(int8.pack).not.toBe(fp32.pack);
  // The committed pack comes of more training than the checkpoint, so that their vectors are not to be mixed.
  expect(int8.space).not.toBe(JSON.parse(readFileSync("models/nano/pack.json", "utf8")).space);
  expect(json("int8", "drift.json").image.count).toBe(10);
  expect(json("int8", "calibration.json").pictures).toBe(10);
});

test.each<[string, string[], RegExp]>([
  ["no command", [], /npm run models -- build <checkpoint>/],
  ["no id", ["build", "x"], /--id is missing/],
  ["no pictures", ["build", "x", "--id", "a"], /--calibrate is missing/],
  ["an unknown flag", ["build", "x", "--what"], /--what/],
  [
    "no checkpoint",
    ["build", "/nowhere", "--id", "a", "--calibrate", "test/fixtures/pictures"],
    /open_clip_config\.json/,
  ],
])("%s: told in one line, with a failing exit", async (_name, args, message) => {
  await expect(models(...args)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
});

test("a tokenizer that does not fit the model is refused before anything is written", async () => {
  const from = join(dir, "checkpoint");
  cpSync("test/goldens/parity/vit-gelu", from, { recursive: true });
  cpSync("models/nano/tokenizer.json", join(from, "tokenizer.json"));
  await expect(build(from)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("the model has 512 tokens"),
  });
});
