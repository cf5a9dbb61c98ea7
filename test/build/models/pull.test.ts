// `npm run models -- pull` as a person runs it, against a hub on loopback.
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeHub, startHub } from "../hub/startHub.ts";

const run = promisify(execFile);
const TINY = "wkcn/TinyCLIP-ViT-8M-16-Text-3M-YFCC15M";
const MOBILE = "Xenova/mobileclip_s0";

let dir: string;
let hub: FakeHub | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "edgeclip-pull-"));
});
afterEach(() => {
  hub?.close();
  rmSync(dir, { recursive: true });
});

async function serve(repo: string, files: Record<string, Buffer>): Promise<FakeHub> {
  hub = await startHub(repo);
  for (const [path, content] of Object.entries(files)) hub.files.set(path, { content, lfs: content.length > 1000 });
  return hub;
}
const tiny = (weights: Buffer) =>
  serve(TINY, {
    "config.json": Buffer.from("{}"),
    "preprocessor_config.json": Buffer.from("{ }"),
    "tokenizer.json": Buffer.from("{  }"),
    "model.safetensors": weights,
  });
const args = (...rest: string[]) => [
  "src/build/models.ts",
  "pull",
  ...["--lock", join(dir, "lock.json"), "--out", join(dir, "out")],
  ...rest,
];
const env = () => ({ ...process.env, HF_ENDPOINT: hub?.url, HF_TOKEN: "" });
const pull = (...rest: string[]) => run(process.execPath, args(...rest), { env: env() });

test("tells licence, size and what comes next; nothing of a progress bar where nobody watches", async () => {
  const { commit } = await tiny(randomBytes(5000));
  const { stdout, stderr } = await pull("tinyclip-8m-16");
  expect(stdout).toContain("Licence: MIT (TinyCLIP, LICENSE, https://github.com/microsoft/Cream/");
  expect(stdout).toContain(`${TINY} at ${commit.slice(0, 8)}, 4 files, 5.01 kB`);
  expect(stdout).toContain(
    `Next: npm run models -- build ${join(dir, "out")} --id tinyclip-8m-16 --repo ${TINY} --revision ${commit} --licence MIT --calibrate <pictures>`,
  );
  expect(stderr).toBe("");
  expect(JSON.parse(readFileSync(join(dir, "lock.json"), "utf8")).models["tinyclip-8m-16"].revision).toBe(commit);
  expect((await pull("tinyclip-8m-16")).stdout).toContain("as locked");
});

test("killed in the middle, it goes on with the chunks that are missing", async () => {
  const chunk = 16 * 2 ** 20;
  const weights = randomBytes(2 * chunk + 5);
  const server = await tiny(weights);
  let deliveries = 0;
  const stuck = new Promise<void>((resolve) => {
    server.interfere = (host) => {
      if (host !== "cdn" || ++deliveries < 2) return false;
      resolve();
      return true;
    };
  });
  const child = spawn(process.execPath, args("tinyclip-8m-16", "--parallel", "1"), { env: env(), stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await stuck;
  child.kill("SIGKILL");
  await ended;
  server.interfere = () => false;
  server.seen.length = 0;
  await pull("tinyclip-8m-16");
  // The request of the one that was killed may be seen as late as now.
  const ranges = new Set(server.seen.filter(({ host }) => host === "cdn").map(({ headers }) => headers.range));
  expect([...ranges].sort()).toEqual([`bytes=${chunk}-${2 * chunk - 1}`, `bytes=${2 * chunk}-${2 * chunk + 4}`]);
  expect(readFileSync(join(dir, "out/model.safetensors")).equals(weights)).toBe(true);
});

test("non-commercial weights need agreement, which scripts give by a flag", async () => {
  const server = await serve(MOBILE, {
    "config.json": Buffer.from("{}"),
    "preprocessor_config.json": Buffer.from("{ }"),
    "tokenizer.json": Buffer.from("{  }"),
    "onnx/vision_model.onnx": randomBytes(2000),
    "onnx/text_model.onnx": randomBytes(2000),
  });
  await expect(pull("mobileclip-s0")).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining("The model card of Xenova/mobileclip_s0 says mit: read it"),
    stderr: expect.stringContaining("--accept-licence says that you agree"),
  });
  expect(server.seen.some(({ path }) => path.includes("/resolve/"))).toBe(false);
  server.licence = "other";
  const { stdout } = await pull("mobileclip-s0", "--accept-licence");
  expect(stdout).toContain("apple-amlr, NOT for commercial use");
  expect(stdout).toContain("Next: npm run models -- import ");
  expect(readFileSync(join(dir, "out/onnx/text_model.onnx")).length).toBe(2000);
});

const BASELINE = "../shared/models/nano-baseline";
if (!existsSync(BASELINE)) console.warn(`skipped: pulling and building, there is no ${BASELINE}`);

test.runIf(existsSync(BASELINE))("--build makes a pack of what was pulled, which verifies", async () => {
  const names = ["open_clip_config.json", "tokenizer.json", "open_clip_model.safetensors"];
  const repo = "timm/vit_base_patch32_clip_224.openai";
  const { commit } = await serve(
    repo,
    Object.fromEntries(names.map((name) => [name, readFileSync(join(BASELINE, name))])),
  );
  // Everything that is written goes below the folder that it is run in.
  for (const name of ["registry.json", "labels"])
    cpSync(join("models", name), join(dir, "models", name), { recursive: true });
  const here = (...rest: string[]) =>
    run(process.execPath, [resolve("src/build/models.ts"), ...rest], { env: env(), cwd: dir });
  const calibrate = ["--calibrate", resolve("test/fixtures/pictures")];
  await here("pull", "openai-vit-b-32", "--build", ...calibrate, "--allow-drift");
  expect(JSON.parse(readFileSync(join(dir, "models/openai-vit-b-32/pack.json"), "utf8")).source).toEqual({
    repo,
    revision: commit,
    licence: "MIT",
  });
  const { stdout } = await here("verify", "openai-vit-b-32");
  expect(stdout).toContain(`.edgeclip/checkpoints/openai-vit-b-32: ${repo} at ${commit}, by models.lock.json`);
  expect(stdout).toMatch(/All 23 checks passed/);
});

test.each<[string, string[], RegExp]>([
  ["no model", [], /npm run models -- pull <id>/],
  ["an unknown model", ["tinyclip"], /Did you mean tinyclip-8m-16/],
  ["too many connections", ["tinyclip-8m-16", "--parallel", "99"], /--parallel is 1 to 32/],
  ["--build without pictures", ["tinyclip-8m-16", "--build"], /--build needs --calibrate/],
])("%s: told in words, with a failing exit", async (_name, rest, message) => {
  await expect(pull(...rest)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
});
