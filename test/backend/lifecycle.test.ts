// The backend under pressure and at its end: a full queue, a deadline, a drain, and starts that are refused.
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { encodeRequest } from "../../src/core/oip/encode.ts";
import { hashOf, MANIFEST, pictures, startBackend, vectorsOf } from "./running.ts";

const installed = inject("backend") !== "";
const post = (url: string, ...shifts: number[]) =>
  fetch(`${url}/v2/models/vision/infer`, { method: "POST", ...encodeRequest([pictures(...shifts)]) });

test.skipIf(!installed)("a full queue answers 429 with Retry-After, and what was taken is answered", async () => {
  const backend = await startBackend(["--max-batch", "2", "--queue", "4"]);
  try {
    const answers = await Promise.all(Array.from({ length: 24 }, (_, i) => post(backend.url, i, i + 1)));
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    for (const answer of answers.filter(({ status }) => status === 429)) {
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect(await answer.json()).toMatchObject({ code: "rate_limited" });
    }
  } finally {
    expect(await backend.stop()).toBe(0);
  }
});

test.skipIf(!installed)("a request past its deadline is told so, the backend's own or the one it names", async () => {
  const backend = await startBackend(["--max-batch", "1", "--deadline-ms", "20000"]);
  try {
    const { body, headers } = encodeRequest([pictures(...Array.from({ length: 40 }, (_, i) => i))]);
    const length = Number(headers["inference-header-content-length"]);
    const header = JSON.parse(new TextDecoder().decode(body.subarray(0, length)));
    // Microseconds, as Triton's clients send it.
    const json = new TextEncoder().encode(
      JSON.stringify({ ...header, parameters: { ...header.parameters, timeout: 50_000 } }),
    );
    const late = await fetch(`${backend.url}/v2/models/vision/infer`, {
      method: "POST",
      headers: { ...headers, "inference-header-content-length": String(json.byteLength) },
      body: Buffer.concat([json, body.subarray(length)]),
    });
    expect([late.status, await late.json()]).toMatchObject([503, { code: "overloaded" }]);
    expect(late.headers.get("retry-after")).toBe("1");
    // Its rows left the queue.
    expect((await vectorsOf(backend.url, pictures(1))).length).toBe(1);
  } finally {
    await backend.stop();
  }
});

test.skipIf(!installed)(
  "SIGTERM: ready turns 503, new work is refused, what is in flight is answered, exit 0",
  async () => {
    const backend = await startBackend(["--max-batch", "2"]);
    // Work for a second or more, so that it is still going on when ready is asked for.
    const inFlight = Promise.all(Array.from({ length: 16 }, (_, i) => post(backend.url, i, i, i, i, i, i, i, i)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const ended = backend.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [ready, live, refused] = await Promise.all([
      fetch(`${backend.url}/v2/health/ready`),
      fetch(`${backend.url}/v2/health/live`),
      post(backend.url, 1),
    ]);
    expect([ready.status, live.status, refused.status]).toEqual([503, 200, 503]);
    expect(new Set((await inFlight).map(({ status }) => status))).toEqual(new Set([200]));
    expect(await ended).toBe(0);
  },
);

/** A copy of nano with another file in place of one of its own. */
async function withCopy(name: string, change: (bytes: Buffer) => Buffer, use: (dir: string) => Promise<void>) {
  const dir = await mkdtemp(join(tmpdir(), "edgeclip-backend-"));
  try {
    for (const file of ["pack.json", "canary.json", ...MANIFEST.files.map((each) => each.name)])
      await cp(join("models/nano", file), join(dir, file));
    await writeFile(join(dir, name), change(await readFile(join(dir, name))));
    await use(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

test.skipIf(!installed)("a pack that was tampered with is not served", async () => {
  const flip = (bytes: Buffer) => {
    bytes[99] = (bytes[99] ?? 0) ^ 1;
    return bytes;
  };
  await withCopy("text.0.bin", flip, async (dir) => {
    const backend = await startBackend(["--pack", dir]);
    expect(await backend.ended).toBe(1);
    expect(backend.said()).toContain("text.0.bin is not the file that was built");
  });
});

test.skipIf(!installed)("an engine that does not reproduce the canary never becomes ready", async () => {
  const turn = (bytes: Buffer) => {
    const canary = JSON.parse(bytes.toString());
    return Buffer.from(JSON.stringify({ ...canary, text_vector: [...canary.text_vector].reverse() }));
  };
  await withCopy("canary.json", turn, async (dir) => {
    const bytes = await readFile(join(dir, "canary.json"));
    const files = MANIFEST.files.map((file) =>
      file.name === "canary.json" ? { ...file, bytes: bytes.length, sha256: `sha256:${hashOf(bytes)}` } : file,
    );
    await writeFile(join(dir, "pack.json"), JSON.stringify({ ...MANIFEST, files }));
    const backend = await startBackend(["--pack", dir]);
    expect(await backend.ended).toBe(1);
    expect(backend.said()).toContain("The text canary of nano came out with cosine");
  });
});

test.skipIf(!installed).each([
  [["--pack", "absent"], "There is no pack absent"],
  [["--provider", "cuda", "--pack", "models/nano"], "nano is int8, which cuda cannot run"],
  [["--host", "0.0.0.0"], "set BACKEND_KEYS_SHA256 first"],
  [["--max-batch", "0"], "--max-batch must be 1 to 4096, not 0"],
])("%j is refused with the reason", async (args, reason) => {
  const backend = await startBackend(args);
  expect(await backend.ended).toBe(1);
  expect(backend.said()).toContain(reason);
});
