// What torch.save writes: weights of any view and format, and pickles that ask for more than data.
// Goldens: training/goldens_pytorch.py, torch 2.15.
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openCheckpoint } from "../../../src/build/checkpoint/checkpoint.ts";
import { openPytorch } from "../../../src/build/checkpoint/pytorch/pytorch.ts";
import { unpickle } from "../../../src/build/checkpoint/pytorch/unpickle.ts";
import { spaceOf } from "../../../src/build/space.ts";

const GOLDENS = "test/goldens/pytorch";
const MODEL = "test/goldens/parity/hugging-face";
const dir = mkdtempSync(join(tmpdir(), "edgeclip-pytorch-"));
afterAll(() => rmSync(dir, { recursive: true }));

test("training output is the model that its weights are, by whatever file: one space", async () => {
  cpSync(join(MODEL, "open_clip"), join(dir, "safe"), { recursive: true });
  cpSync(join(MODEL, "tokenizer.json"), join(dir, "safe/tokenizer.json"));
  cpSync(join(dir, "safe"), join(dir, "trained"), { recursive: true });
  rmSync(join(dir, "trained/open_clip_model.safetensors"));
  // Of several epochs, the last.
  copyFileSync(join(GOLDENS, "epoch_12.pt"), join(dir, "trained/epoch_12.pt"));
  writeFileSync(join(dir, "trained/epoch_9.pt"), "");
  const [safe, trained] = [await openCheckpoint(join(dir, "safe")), await openCheckpoint(join(dir, "trained"))];
  const image: Parameters<typeof spaceOf>[1] = {
    ...{ size: 32, resize: "shortest", crop: "center", interpolation: "bicubic" },
    mean: [0, 0, 0],
    std: [1, 1, 1],
  };
  expect(spaceOf(trained, image)).toBe(spaceOf(safe, image));
  safe.tensors.close();
  trained.tensors.close();
});

test("views, formats and parameters are read as torch sees them", () => {
  const tensors = openPytorch(join(GOLDENS, "odd.bin"));
  const golden: Record<string, { shape: number[]; values: number[] }> = JSON.parse(
    readFileSync(join(GOLDENS, "odd.json"), "utf8"),
  );
  for (const [name, { shape, values }] of Object.entries(golden)) {
    expect([name, tensors.isFloat(name), [...tensors.read(name, shape)]]).toEqual([name, true, values]);
  }
  expect(tensors.names.filter((name) => !(name in golden))).toEqual(["steps"]);
  expect(tensors.isFloat("steps")).toBe(false);
  expect(() => tensors.read("whole", [6, 4])).toThrow("whole has the shape [4,6], the configuration asks for [6,4]");
  expect(() => tensors.read("none", [1])).toThrow("there is no tensor none");
  tensors.close();
});

test.each<[string, RegExp]>([
  ["system.pt", /it names \w+\.system, which is no tensor/],
  ["eval.pt", /it names \w+\.eval/],
  ["namespace.pt", /it names argparse\.Namespace/],
  ["function.pt", /it names \w+\.join/],
  ["text.pt", /weight of the state dictionary is no tensor/],
  ["bare.pt", /is no zip/],
  ["legacy.pt", /is no zip/],
])("%s is refused by name, and nothing of it runs", (name, message) => {
  expect(() => openPytorch(join(GOLDENS, name))).toThrow(message);
  expect(existsSync("/tmp/edgeclip-was-here")).toBe(false);
});

describe("a hostile pickle", () => {
  const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const storage = "(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQ";
  const tensor = (rest: string) => `ctorch._utils\n_rebuild_tensor_v2\n(${storage}${rest}tR.`;

  test("a tensor inside its storage is read", () => {
    expect(unpickle(bytes(tensor("K\0K\x02K\x02\x86K\x02K\x01\x86")))).toMatchObject({ shape: [2, 2], offset: 0 });
  });

  test.each<[string, string, RegExp]>([
    ["a tensor past its storage", tensor("K\x01K\x02K\x02\x86K\x02K\x01\x86"), /past its storage/],
    ["a negative stride", tensor("K\0K\x02K\x02\x86J\xff\xff\xff\xffK\x01\x86"), /something else than a storage/],
    ["shape and strides that differ", tensor("K\0K\x02K\x02\x86K\x01\x85"), /differ in length/],
    ["a shape of texts", tensor("K\0X\x01\0\0\0a\x85K\x01\x85"), /something else than a storage/],
    ["a name by its module's attribute", "cbuiltins\ngetattr\n.", /builtins\.getattr/],
    ["a name of an object's own", "c__proto__\nconstructor\n.", /__proto__\.constructor/],
    ["a name from the stack", "X\x02\0\0\0osX\x06\0\0\0system\x93.", /opcode 0x93/],
    ["an instance", "(ios\nsystem\n.", /opcode 0x69/],
    ["an extension", "\x82\x01.", /opcode 0x82/],
    ["a call of a dictionary", "})R.", /calls what is no function/],
    ["a call of a type of storage", "ctorch\nFloatStorage\n)R.", /calls what is no function/],
    ["an OrderedDict of arguments", "ccollections\nOrderedDict\n(K\x01tR.", /OrderedDict with arguments/],
    ["attributes of a tensor's type", "ctorch\nFloatStorage\n}b.", /attributes of what is no dictionary/],
    [
      "a storage whose key is a path",
      "(X\x07\0\0\0storagectorch\nFloatStorage\nX\x04\0\0\0../aNK\x01tQ.",
      /called \.\.\/a/,
    ],
    ["no storage", "K\x01Q.", /no storage/],
    ["a text longer than the file", "X\xff\xff\xff\xff.", /ends in the middle/],
    ["no end", "}", /ends in the middle/],
    ["an empty stack", ".", /stack is empty/],
    ["no mark", "t.", /no mark/],
    ["a memo that was never kept", "h\x07.", /no memo 7/],
    ["items of a number", "K\x01K\x02K\x03s.", /no dictionary/],
  ])("with %s is refused", (_name, pickle, message) => {
    expect(() => unpickle(bytes(pickle))).toThrow(message);
  });
});

describe("a damaged zip is refused", () => {
  const whole = readFileSync(join(GOLDENS, "odd.bin"));
  const changed = (change: (bytes: Buffer) => Buffer | undefined) => {
    const copy = Buffer.from(whole);
    const path = join(dir, "damaged.bin");
    writeFileSync(path, change(copy) ?? copy);
    return () => {
      const tensors = openPytorch(path);
      for (const name of tensors.names) if (tensors.isFloat(name)) tensors.read(name, tensors.shape(name));
    };
  };
  // torch always writes the end of a zip64.
  const end = whole.lastIndexOf("PK\x06\x06");
  const directory = whole.indexOf("PK\x01\x02");

  test.each<[string, (bytes: Buffer) => Buffer | undefined]>([
    ["cut off", (bytes) => bytes.subarray(0, bytes.length - 30)],
    ["empty", () => Buffer.alloc(0)],
    ["a directory past the file", (bytes) => void bytes.writeUInt32LE(0x7fffffff, end + 48)],
    ["a directory of more members", (bytes) => void bytes.writeUInt16LE(60_000, end + 32)],
    ["a directory that lies", (bytes) => void bytes.fill(0, directory, directory + 4)],
    ["a compressed member", (bytes) => void bytes.writeUInt16LE(8, directory + 10)],
    ["a member past the file", (bytes) => void bytes.writeUInt32LE(0x7ffffff0, directory + 42)],
    ["sizes that differ", (bytes) => void bytes.writeUInt32LE(1, directory + 20)],
    ["a member cut short", (bytes) => void bytes.fill(0, 0, 4)],
  ])("%s", (_name, change) => {
    expect(changed(change)).toThrow(/damaged\.bin: .+/);
  });
});
