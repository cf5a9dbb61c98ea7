// `npm run models -- verify` on whole and on damaged packs.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packHash } from "../../../src/build/packHash.ts";
import { readPack } from "../../../src/build/readPack.ts";
import { sha256 } from "../../../src/core/hash.ts";

const run = promisify(execFile);
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "edgeclip-verify-"));
  cpSync("models/nano", dir, { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true }));
const verify = (id: string) => run(process.execPath, ["src/build/models.ts", "verify", id]);

test("the embedded pack: every file, the pack's hash, the tokens and both canaries", async () => {
  const { stdout } = await verify("models/nano");
  expect(stdout).toMatch(/^models\/nano: nano, int8, of edgeclip\/nano at /);
  for (const name of ["vision.onnx", "text.0.bin", "tokenizer.json", "pack", "tokens", "vision canary", "text canary"])
    expect(stdout).toContain(`  ok    ${name} `);
  expect(stdout).toMatch(/All 10 checks passed\.\n$/);
});

test("a flipped bit is found and named, and the damaged pack is not run", async () => {
  const path = join(dir, "vision.0.bin");
  const bytes = readFileSync(path);
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await expect(verify(dir)).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/WRONG vision\.0\.bin has sha256:[0-9a-f]{64} instead of sha256:/),
    stderr: "1 of 7 checks failed.\n",
  });
});

test("a changed manifest, a missing file, a shard too many", async () => {
  const manifest = await readPack(dir);
  writeFileSync(join(dir, "pack.json"), JSON.stringify({ ...manifest, logit_scale: 100 }));
  rmSync(join(dir, "text.onnx"));
  writeFileSync(join(dir, "vision.7.bin"), "x");
  const { stdout } = await verify(dir).catch((error: { stdout: string }) => error);
  expect(stdout).toMatch(/WRONG text\.onnx is missing/);
  expect(stdout).toMatch(/WRONG pack is sha256:/);
  expect(stdout).toMatch(/WRONG vision\.7\.bin is not of this pack/);
});

test("whole files that give other vectors than they should", async () => {
  const path = join(dir, "canary.json");
  const canary = JSON.parse(readFileSync(path, "utf8"));
  canary.image_vector.reverse();
  writeFileSync(path, JSON.stringify(canary));
  const bytes = new Uint8Array(readFileSync(path));
  const manifest = await readPack(dir);
  const file = manifest.files.find(({ name }) => name === "canary.json")!;
  Object.assign(file, { bytes: bytes.length, sha256: await sha256(bytes) });
  writeFileSync(join(dir, "pack.json"), JSON.stringify({ ...manifest, pack: await packHash(manifest) }));
  await expect(verify(dir)).rejects.toMatchObject({
    stdout: expect.stringContaining("WRONG vision canary The vision canary of nano came out with cosine"),
    stderr: "1 of 10 checks failed.\n",
  });
});

test("a pulled checkpoint is held against the lock", async () => {
  const content = new TextEncoder().encode("weights");
  const files = [{ path: "a.safetensors", bytes: content.length, sha256: await sha256(content) }];
  const locked = { repo: "o/m", revision: "0".repeat(40), licence: "MIT", files };
  writeFileSync(join(dir, "models.lock.json"), JSON.stringify({ schema: 1, models: { m: locked } }));
  mkdirSync(join(dir, ".edgeclip/checkpoints/m"), { recursive: true });
  const path = join(dir, ".edgeclip/checkpoints/m/a.safetensors");
  const verifyHere = () => run(process.execPath, [resolve("src/build/models.ts"), "verify", "m"], { cwd: dir });
  writeFileSync(path, content);
  expect((await verifyHere()).stdout).toMatch(/o\/m at 0{40}, by models\.lock\.json\n {2}ok {4}a\.safetensors/);
  writeFileSync(path, "weighty");
  await expect(verifyHere()).rejects.toMatchObject({
    stdout: expect.stringContaining("WRONG a.safetensors has sha256"),
  });
});

test("nothing to verify", async () => {
  await expect(verify("nothing")).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no pack nothing"),
  });
});
