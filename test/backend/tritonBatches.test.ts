// Batches on Triton: a server of its protocol over the folder that `models export --to triton` wrote. No Triton itself is here.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFinished, test, vi } from "vitest";
import { infer, readModel } from "../../src/core/oip/client.ts";
import { backendEncoder } from "../../src/functions/parts/backendEncoder.ts";
import { cosine, MANIFEST, PIXELS, pictures, vectorsOf } from "./running.ts";
import { type TritonServer, tritonServer } from "./tritonServer.ts";

const url = inject("backend");
const dir = mkdtempSync(join(tmpdir(), "edgeclip-triton-batches-"));
let triton: TritonServer;
beforeAll(async () => {
  const args = ["models/nano", "--to", "triton", "--device", "cpu", "--max-batch", "8", "--out", dir];
  await promisify(execFile)(process.execPath, ["src/build/models.ts", "export", ...args]);
  triton = await tritonServer(dir, "vision");
});
afterAll(async () => {
  await triton?.close();
  rmSync(dir, { recursive: true });
});
beforeEach(() => {
  triton.asked.length = 0;
});

const at = () => ({ url: triton.url, key: undefined, timeoutMs: 60_000 });
const squares = (count: number): Uint8Array[] => {
  const { data } = pictures(...Array.from({ length: count }, (_, shift) => shift));
  return Array.from({ length: count }, (_, row) => new Uint8Array(data.slice(row * PIXELS, (row + 1) * PIXELS)));
};
const noWorker = (): Promise<never> => Promise.reject(new Error("the vision Worker was asked"));
const INFER = "POST /v2/models/vision/infer";

test("its space, pack and largest batch come from the configuration", async () => {
  const { id, space, pack } = MANIFEST;
  expect(await readModel(fetch, at(), "vision")).toEqual({
    ...{ name: "vision", versions: ["1"], configured: true, parameters: { id, space, pack, max_pictures: 8 } },
  });
  expect(triton.asked).toEqual(["GET /v2/models/vision", "GET /v2/models/vision/config"]);
});

test.skipIf(!url)("pictures of a batch are encoded there, in requests of its size, as by our own backend", async () => {
  const encode = backendEncoder({ BACKEND_URLS: triton.url });
  const encoded = (await encode?.(MANIFEST, squares(20), noWorker)) ?? [];
  expect(triton.asked.filter((each) => each === INFER)).toHaveLength(3);
  const wanted = await vectorsOf(url, pictures(...Array.from({ length: 20 }, (_, shift) => shift)));
  // Another engine rounds int8 otherwise; pictures apart are farther from each other.
  for (const [row, vector] of wanted.entries()) expect(cosine(encoded[row], vector)).toBeGreaterThan(0.999);
  expect(cosine(encoded[0], wanted[10])).toBeLessThan(0.999);
});

test("another space is asked for nothing, also where it changed under the same version", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { edgeclip_space: before } = triton.parameters;
  onTestFinished(() => {
    vi.useRealTimers();
    warn.mockRestore();
    if (before) triton.parameters.edgeclip_space = before;
  });
  const encode = backendEncoder({ BACKEND_URLS: triton.url });
  expect(await encode?.(MANIFEST, squares(1), noWorker)).toHaveLength(1);
  triton.parameters.edgeclip_space = { string_value: "another" };
  vi.setSystemTime(Date.now() + 61_000);
  triton.asked.length = 0;
  await expect(encode?.(MANIFEST, squares(1), noWorker)).rejects.toMatchObject({ code: "backend_unavailable" });
  expect(triton.asked).not.toContain(INFER);
  expect(warn.mock.calls.flat().join()).toContain('"code":"space_mismatch"');
});

test("what it refuses keeps its words", async () => {
  const nine = pictures(...Array.from({ length: 9 }, (_, shift) => shift));
  await expect(infer(fetch, at(), "vision", [nine])).rejects.toMatchObject({
    ...{ code: "invalid_request", message: expect.stringContaining("batch-size must be <= 8") },
  });
});
