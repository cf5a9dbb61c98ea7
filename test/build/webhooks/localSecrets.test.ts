// Secrets that `npm start` makes for one machine.
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { localSecrets } from "../../../src/build/webhooks/localSecrets.ts";
import { readSecret } from "../../../src/core/webhook/secret.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "edgeclip-"));
});
afterAll(() => rm(dir, { recursive: true }));

const sources = [{ secrets: ["A", "B"], callback: { url: "https://hooks.example.com", secrets: ["C"] } }];

test("each is made once, differs from the others, and is for its owner's eyes", async () => {
  const file = join(dir, "local", "secrets.json");
  const made = await localSecrets(file, sources, {});
  expect(Object.keys(made)).toEqual(["A", "B", "C"]);
  expect(new Set(Object.values(made)).size).toBe(3);
  for (const secret of Object.values(made)) expect((await readSecret(secret)).version).toBe("v1");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await localSecrets(file, sources, {})).toEqual(made);
});

test("the environment goes first, and is not written down", async () => {
  const file = join(dir, "other.json");
  expect(await localSecrets(file, [{ secrets: ["A"] }], { A: "mine" })).toEqual({ A: "mine" });
  await expect(stat(file)).rejects.toThrow("ENOENT");
});
