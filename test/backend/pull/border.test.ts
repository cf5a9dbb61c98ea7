// What a backend that pulls may ask and bring: its own space, its own key, whole frames.
import { expect, test } from "vitest";
import { encodeFrame } from "../../../src/core/batch/frames.ts";
import { MANIFEST } from "../running.ts";
import { BACKEND_KEY } from "./collection.ts";
import {
  asBackend,
  call,
  ended,
  installed,
  PATIENCE_MS,
  pullDrills,
  pulling,
  standing,
  stop,
  submit,
} from "./drill.ts";

pullDrills("border");

test.skipIf(!installed)(
  "a backend of another space is refused, and so is what it brings",
  { timeout: PATIENCE_MS },
  async () => {
    const space = `sha256:${"0".repeat(64)}`;
    for (const response of [
      await asBackend("/chunks", { space }),
      await call(
        `/backend/results?${new URLSearchParams({ chunk: "a", lease: "1", space })}`,
        { method: "POST" },
        BACKEND_KEY,
      ),
    ]) {
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ code: "space_mismatch" });
    }
  },
);

test.skipIf(!installed)(
  "what a backend brings is checked, and only a backend's key may",
  { timeout: PATIENCE_MS },
  async () => {
    const { space, embed_dim } = MANIFEST;
    expect((await call("/backend/model")).status).toBe(403);
    expect((await call("/batches", {}, BACKEND_KEY)).status).toBe(403);
    expect(await (await call("/backend/model", {}, BACKEND_KEY)).json()).toMatchObject({
      id: "nano",
      space,
      embed_dim,
    });
    const id = await submit("task=embed", [{ custom_id: "a", image: standing.uris[0] }]);
    await expect.poll(() => standing.queue.kept.size, { timeout: 60_000 }).toBe(1);
    const taken = await asBackend("/chunks", { space });
    const [head = "{}"] = Buffer.from(await taken.arrayBuffer())
      .toString("latin1")
      .split("\n", 1);
    const { chunk, lease } = JSON.parse(head) as { chunk: string; lease: number };
    expect((await asBackend("/chunks", { space })).status).toBe(204);
    const query = new URLSearchParams({ chunk, lease: String(lease), space });
    const bring = (body: Uint8Array<ArrayBuffer>) =>
      call(`/backend/results?${query}`, { method: "POST", body }, BACKEND_KEY);
    const row = { row: 0, views: 1, animated: false, frames: 1 };
    const vector = (value: number) =>
      new Uint8Array(Float32Array.from({ length: embed_dim }, (_, at) => (at ? 0 : value)).buffer);
    const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
    for (const [body, message] of [
      [encodeFrame(row, [vector(2)]), "none of length 1"],
      [encodeFrame(row, [vector(Number.NaN)]), "none of length 1"],
      [encodeFrame(row, [vector(1).subarray(4)]), "vectors of width"],
      [encodeFrame({ ...row, row: 1 }, [vector(1)]), "row 0 must"],
      [encodeFrame({ ...row, more: 1 }, [vector(1)]), "Row 0"],
      [encodeFrame({ row: 0, error: { code: "no_code", detail: "" } }), "Row 0"],
      [join(encodeFrame(row, [vector(1)]), encodeFrame({ ...row, row: 1 }, [vector(1)])), "1 rows, not 2"],
      [join(encodeFrame(row, [vector(1)])).slice(0, -1), "ends within a frame"],
      [join(new TextEncoder().encode("hello\n")), "no JSON"],
      [new Uint8Array(), "1 rows, not 0"],
    ] as const) {
      const response = await bring(body);
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(message)]);
    }
    // Given back, it is due again, and no attempt was made.
    expect((await asBackend("/returns", { chunk, lease })).status).toBe(204);
    const backend = await pulling();
    expect(await ended(id)).toMatchObject({ counts: { total: 1, completed: 1 } });
    await stop(backend);
  },
);
