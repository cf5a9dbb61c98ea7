// What the batch Worker encodes with, over real backends: one of two dies while it works, one serves another space, all are down.
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { backendEncoder } from "../../src/functions/parts/backendEncoder.ts";
import type { BackendEnv } from "../../src/functions/parts/backends.ts";
import { cosine, hashOf, KEY, MANIFEST, PIXELS, pictures, startBackend, vectorsOf } from "./running.ts";

const url = inject("backend");
const NOBODY = "http://127.0.0.1:9";
const BACKEND_KEY = KEY;

const squares = (count: number): Uint8Array[] => {
  const { data } = pictures(...Array.from({ length: count }, (_, shift) => shift));
  return Array.from({ length: count }, (_, row) => new Uint8Array(data.slice(row * PIXELS, (row + 1) * PIXELS)));
};
const noWorker = (): Promise<never> => Promise.reject(new Error("the vision Worker was asked"));

function encoder(env: BackendEnv, asked: typeof fetch = fetch) {
  const encode = backendEncoder(env, asked);
  if (!encode) throw new Error("no backend is configured");
  return encode;
}
function warnings(): () => string {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  return () => warn.mock.calls.flat().join("\n");
}

test("without an address the vision Worker encodes", () => {
  expect([backendEncoder({}), backendEncoder({ BACKEND_URLS: " " })]).toEqual([undefined, undefined]);
});

test.skipIf(!url)("one of two dies while it works: everything is encoded, in order", { timeout: 120_000 }, async () => {
  const start = () => startBackend(["--max-batch", "8", "--threads", "1"], { BACKEND_KEYS_SHA256: hashOf(KEY) });
  const [one, two] = await Promise.all([start(), start()]);
  try {
    const asked: string[] = [];
    const encode = encoder({ BACKEND_URLS: `${one.url},${two.url}`, BACKEND_KEY }, (to, init) => {
      if (init?.method === "POST") asked.push(String(to));
      const answer = fetch(to, init);
      if (init?.method === "POST" && String(to).startsWith(two.url)) process.kill(two.pid, "SIGKILL");
      return answer;
    });
    const said = warnings();
    const encoded = await encode(MANIFEST, squares(80), noWorker);
    expect(asked.filter((to) => to.startsWith(two.url))).toHaveLength(1);
    expect(said()).toContain('"backend":2,"code":"backend_unavailable"');
    expect(encoded).toHaveLength(80);
    const wanted = await Promise.all(
      [0, 40].map((from) => vectorsOf(url, pictures(...Array.from({ length: 40 }, (_, at) => from + at)))),
    );
    for (const [at, vector] of wanted.flat().entries()) expect(cosine(encoded[at], vector)).toBeGreaterThan(0.9999);

    // It rests: what comes next is not sent there.
    asked.length = 0;
    await encode(MANIFEST, squares(3), noWorker);
    expect(new Set(asked)).toEqual(new Set([`${one.url}/v2/models/vision/infer`]));
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
});

test.skipIf(!url)("work is shared by those that are well", async () => {
  const asked: string[] = [];
  // One backend by two names.
  const other = url.replace("127.0.0.1", "localhost");
  const encode = encoder({ BACKEND_URLS: `${url},${other}`, BACKEND_KEY }, (to, init) => {
    if (init?.method === "POST") asked.push(new URL(String(to)).hostname);
    return fetch(String(to).replace("localhost", "127.0.0.1"), init);
  });
  expect(await encode(MANIFEST, squares(6), noWorker)).toHaveLength(6);
  expect(asked.toSorted()).toEqual(["127.0.0.1", "localhost"]);
  expect(await encode(MANIFEST, [], noWorker)).toEqual([]);
});

test.skipIf(!url)("a backend of another space is asked for nothing, and that is logged", async () => {
  const said = warnings();
  const asked: unknown[] = [];
  const encode = encoder({ BACKEND_URLS: url, BACKEND_KEY }, (to, init) => {
    asked.push(init?.method);
    return fetch(to, init);
  });
  const other = { ...MANIFEST, space: "another" };
  await expect(encode(other, squares(2), noWorker)).rejects.toMatchObject({ code: "backend_unavailable" });
  expect(asked).toEqual(["GET"]);
  expect(said()).toContain('"code":"space_mismatch"');
});

test("all are down: the work is to be tried again, or the vision Worker does it", async () => {
  const said = warnings();
  const env = { BACKEND_URLS: NOBODY };
  await expect(encoder(env)(MANIFEST, squares(2), noWorker)).rejects.toMatchObject({
    ...{ code: "backend_unavailable", status: 503, message: "None of the backends can encode now." },
  });
  const byWorker = async (own: readonly Uint8Array[]) => own.map((square) => Float32Array.of(square[0] ?? 0));
  const own = squares(3);
  const encoded = await encoder({ ...env, BACKEND_FALLBACK: "edge" })(MANIFEST, own, byWorker);
  expect(encoded.map(([value]) => value)).toEqual(own.map(([first]) => first));
  expect(said()).toContain("the vision Worker encodes");
});

test.each([
  [{ BACKEND_URLS: "http://gpu.example.com" }, "BACKEND_URLS: address 1"],
  [{ BACKEND_URLS: NOBODY, BACKEND_FALLBACK: "yes" }, "BACKEND_FALLBACK"],
])("%j is told as wrong", async (env, message) => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => error.mockRestore());
  await expect(encoder(env)(MANIFEST, squares(1), noWorker)).rejects.toThrow(message);
  expect(error.mock.calls.flat().join()).toContain(message);
});
