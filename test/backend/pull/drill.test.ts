// Pull mode from end to end: real Workers, a queue behind Cloudflare's pull API, real backends that are killed, stopped and
// misled. Afterwards every line is answered exactly once.
import { expect, test } from "vitest";
import { encodeFrame, FRAMES } from "../../../src/core/batch/frames.ts";
import { MANIFEST } from "../running.ts";
import { BACKEND_KEY } from "./collection.ts";
import {
  asBackend,
  backends,
  call,
  ended,
  expectEmpty,
  expectWhole,
  installed,
  lines,
  linesOf,
  PATIENCE_MS,
  PICTURES,
  pullDrills,
  pulling,
  ROWS,
  standing,
  stop,
  submit,
} from "./drill.ts";

pullDrills("drill");

test.skipIf(!installed)(
  "each task is answered as at the edge, and messages are acknowledged",
  { timeout: PATIENCE_MS },
  async () => {
    const backend = await pulling();
    const few = standing.uris.map((image, at) => ({ custom_id: PICTURES[at], image }));
    const ids = await Promise.all([
      submit("task=embed", lines()),
      submit("task=classify&bank=everyday&top_k=1", few),
      submit("task=tag&bank=everyday", few),
      submit("task=moderate", [...few, { custom_id: "broken", image: { data: "AAAA" } }]),
    ]);
    const [embed = "", classify = "", tag = "", moderate = ""] = ids;
    await expectWhole(embed);
    for (const id of [classify, tag]) expect(await ended(id)).toMatchObject({ counts: { total: 5, completed: 5 } });
    expect((await linesOf(classify, "results"))[1]?.result.predictions[0]?.label).toBe("pants");
    expect(await ended(moderate)).toMatchObject({ counts: { total: 6, completed: 6 } });
    expect((await linesOf(moderate, "results")).at(-1)?.result.decision).toBe("review");
    await expectEmpty();
    const metrics = await (await fetch(`${backend.url}/metrics`)).text();
    expect(metrics).toMatch(/edgeclip_pull_chunks_total\{state="answered"\} [1-9]/);
    expect(metrics).toContain("edgeclip_pull_lines_total 166");
    expect(await stop(backend)).toBe(0);
  },
);

test.skipIf(!installed)(
  "500s of both sides and answers that break off: all is tried again",
  { timeout: PATIENCE_MS },
  async () => {
    standing.queue.failing = 2;
    const seen: string[] = [];
    standing.api.fate = (path) => {
      const name = path.split("?")[0]?.split("/").at(-1) ?? "";
      seen.push(name);
      const times = seen.filter((each) => each === name).length;
      if (name === "chunks") return times === 1 ? 500 : times === 2 ? "cut" : undefined;
      return name === "results" && times <= 2 ? 503 : undefined;
    };
    const backend = await pulling("--pull-chunks", "1");
    await expectWhole(await submit("task=embed", lines()));
    expect(backend.said()).toContain("could not be encoded");
    expect(backend.said()).toContain("nothing could be pulled");
    await expectEmpty();
    standing.api.fate = () => undefined;
    expect(await stop(backend)).toBe(0);
  },
);

test.skipIf(!installed)(
  "each message is delivered again and again, to two backends at once",
  { timeout: PATIENCE_MS },
  async () => {
    standing.queue.careless = true;
    const two = await Promise.all([pulling(), pulling()]);
    await expectWhole(await submit("task=embed", lines()));
    standing.queue.careless = false;
    await Promise.all(two.map(stop));
    standing.queue.kept.clear();
  },
);

test.skipIf(!installed)(
  "a backend dies mid-chunk, another is too slow: their leases run out, and others finish",
  { timeout: PATIENCE_MS },
  async () => {
    const id = await submit("task=embed", lines());
    await expect.poll(() => standing.queue.kept.size, { timeout: 60_000 }).toBe(3);
    // One that is too slow: it takes a message and a chunk, and brings its vectors long after.
    const [slow] = standing.queue.kept.values();
    if (slow) slow.visibleAt = Date.now() + 60_000;
    const taken = await asBackend("/chunks", { space: MANIFEST.space, lease_seconds: 30 });
    expect(taken.headers.get("content-type")).toBe(FRAMES);
    const [head = "{}"] = Buffer.from(await taken.arrayBuffer())
      .toString("latin1")
      .split("\n", 1);
    const { chunk, lease, rows } = JSON.parse(head) as { chunk: string; lease: number; rows: number };

    const dying = await pulling("--pull-chunks", "1");
    backends.delete(dying);
    const committing = Promise.withResolvers<void>();
    standing.api.fate = async (path) => {
      if (!path.includes("/results")) return undefined;
      committing.resolve();
      process.kill(dying.pid, "SIGKILL");
      return 500;
    };
    await committing.promise;
    await dying.ended;
    standing.api.fate = () => undefined;

    const other = await pulling();
    await expectWhole(id);
    const query = new URLSearchParams({ chunk, lease: String(lease), space: MANIFEST.space });
    const vector = new Float32Array(MANIFEST.embed_dim);
    vector[0] = 1;
    const frames = Array.from({ length: rows }, (_, row) =>
      encodeFrame({ row, views: 1, animated: false, frames: 1 }, [new Uint8Array(vector.buffer)]),
    );
    const late = await call(`/backend/results?${query}`, { method: "POST", body: Buffer.concat(frames) }, BACKEND_KEY);
    expect(await late.json()).toEqual({ chunk, state: "gone" });
    await expectWhole(id);
    await expectEmpty();
    expect(await stop(other)).toBe(0);
  },
);

test.skipIf(!installed)(
  "SIGTERM: what does not end in time is given back at once",
  { timeout: PATIENCE_MS },
  async () => {
    const held = Promise.withResolvers<void>();
    standing.api.fate = (path) => {
      if (!path.endsWith("/chunks")) return undefined;
      held.resolve();
      return new Promise(() => {});
    };
    const before = standing.queue.retries.length;
    const backend = await pulling("--drain-ms", "2000");
    const id = await submit("task=embed", lines());
    await held.promise;
    const start = Date.now();
    expect(await stop(backend)).toBe(0);
    expect(Date.now() - start).toBeLessThan(10_000);
    expect(standing.queue.retries.slice(before).map(({ delay }) => delay)).toContain(0);
    standing.api.fate = () => undefined;
    const other = await pulling();
    await expectWhole(id);
    await stop(other);
  },
);

test.skipIf(!installed)(
  "a job that is cancelled ends though no backend is there",
  { timeout: PATIENCE_MS },
  async () => {
    const id = await submit("task=embed", lines());
    await expect.poll(() => standing.queue.kept.size, { timeout: 60_000 }).toBe(3);
    await call(`/batches/${id}/cancel`, { method: "POST" });
    expect(await ended(id)).toMatchObject({ status: "cancelled", counts: { total: ROWS, completed: 0, failed: ROWS } });
    const backend = await pulling();
    await expectEmpty();
    await stop(backend);
  },
);
