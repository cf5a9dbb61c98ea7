// Batches through every Worker: answered line by line, put together, told of, ended.
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { dataUri, picture, problemOf } from "../request.ts";
import { accepted, address, batches, lines, SECRET } from "./batches.ts";

const hat = dataUri(await picture("hat"));
const { call, direct, elsewhere, ended, errors, results, submit, submitJson } = batches("jobs", [
  "shop/hat.jpg",
  "shop/pants.jpg",
]);

describe("a job", () => {
  test("each line is answered as the endpoint answers it, in the order of the input", async () => {
    const names = ["hat", "pants", "shoes", "dress"];
    const body = lines(...names.map((name) => ({ custom_id: name, image: address(name) })));
    const cases: [task: string, options: Record<string, unknown>][] = [
      ["classify", { bank: "everyday", top_k: 3 }],
      ["tag", { bank: "everyday", min_score: 0.1 }],
      ["moderate", { policy: "clothes" }],
      ["classify", { labels: ["a hat", "trousers"] }],
    ];
    for (const [task, options] of cases) {
      const query = new URLSearchParams({ task });
      for (const [name, value] of Object.entries(options))
        for (const each of [value].flat()) query.append(name, String(each));
      const job = await accepted(await submit(`?${query}`, body));
      expect(job).toMatchObject({
        id: expect.stringMatching(/^batch_\w+$/),
        object: "batch",
        task,
        status: "validating",
      });
      expect(await ended(job)).toMatchObject({ status: "completed", counts: { total: 4, completed: 4, failed: 0 } });
      const told = await results(job);
      expect(told.map(({ custom_id }) => custom_id)).toEqual(names);
      for (const { custom_id, result } of told)
        expect(result).toEqual(await direct(task, { image: address(custom_id), ...options }));
      expect(await errors(job)).toEqual([]);
    }
  });

  test("what is wrong with a line is its own error, and the others are answered", async () => {
    const job = await accepted(
      await submit(
        "?task=classify&bank=everyday&top_k=1",
        lines(
          { custom_id: "a", image: hat },
          "no JSON",
          "",
          { custom_id: "b", image: "https://elsewhere.example.com/a.jpg" },
          { custom_id: "c", image: { data: "bm8gcGljdHVyZQ==" } },
          { custom_id: "d", image: { key: "shop/hat.jpg" }, top_k: 2 },
          { custom_id: "e", image: { key: "nothing.jpg" } },
          { image: hat },
          { custom_id: "f", image: hat, bank: "none" },
          { custom_id: "g", image: hat, colour: "red" },
          { custom_id: "h", image: { key: "batches/x" } },
          { custom_id: "i" },
          "[1]",
        ),
      ),
    );
    expect(await ended(job)).toMatchObject({ status: "completed", counts: { total: 12, completed: 2, failed: 10 } });
    expect((await results(job)).map(({ custom_id, result }) => [custom_id, result.predictions.length])).toEqual([
      ["a", 1],
      ["d", 2],
    ]);
    expect((await errors(job)).map(({ custom_id, line, error }) => [custom_id, line, error.code])).toEqual([
      [null, 2, "invalid_json"],
      ["b", 4, "remote_refused"],
      ["c", 5, "unsupported_image"],
      ["e", 7, "not_found"],
      [null, 8, "invalid_request"],
      ["f", 9, "bank_not_found"],
      ["g", 10, "invalid_request"],
      ["h", 11, "invalid_request"],
      ["i", 12, "invalid_request"],
      [null, 13, "invalid_request"],
    ]);
  });

  test("embeddings: NDJSON, and rows for NumPy with NaN where there is none; both in ranges", async () => {
    const each = Array.from({ length: 70 }, (_, i) => ({ custom_id: `${i}`, image: i === 65 ? "x" : hat }));
    const job = await accepted(await submit("?task=embed&model=nano", lines(...each)));
    const early = await call(`/${job.id}/results?format=npy`);
    expect([early.status, (await problemOf(early)).code]).toEqual([409, "batch_not_finished"]);
    const done = await ended(job);
    expect(done).toMatchObject({ status: "completed", counts: { total: 70, completed: 69, failed: 1 } });
    const told = await results(job);
    const { data } = (await direct("embeddings", { model: "nano", input: [{ image: hat }] })) as {
      data: { embedding: number[] }[];
    };
    const vector = Float32Array.from(data[0]!.embedding);
    expect(Float32Array.from(told[0]!.result.embedding)).toEqual(vector);
    expect(told.map(({ custom_id }) => custom_id)).toEqual(
      each.map(({ custom_id }) => custom_id).filter((id) => id !== "65"),
    );

    const npy = new Uint8Array(await (await call(`/${job.id}/results?format=npy`)).arrayBuffer());
    const rows = new Float32Array(npy.slice(128).buffer);
    expect(new TextDecoder().decode(npy.slice(10, 128))).toContain(`'shape': (70, ${vector.length})`);
    expect(rows.length).toBe(70 * vector.length);
    expect(rows.slice(69 * vector.length)).toEqual(vector);
    expect(rows.slice(65 * vector.length, 66 * vector.length).every(Number.isNaN)).toBe(true);

    const all = await (await call(`/${job.id}/results`)).text();
    const part = await call(`/${job.id}/results`, {}, { range: "bytes=10-29" });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 10-29/${all.length}`]);
    expect(await part.text()).toBe(all.slice(10, 30));
    const tail = await call(
      `/${job.id}/results`,
      {},
      { range: "bytes=-5", "if-range": part.headers.get("etag") ?? "" },
    );
    expect([tail.status, await tail.text()]).toEqual([206, all.slice(-5)]);
    const beyond = await call(`/${job.id}/results`, {}, { range: `bytes=${all.length}-` });
    expect([beyond.status, (await problemOf(beyond)).code]).toEqual([416, "range_not_satisfiable"]);
  });

  test("a repeated custom_id fails it while it is validated, as does an input without lines", async () => {
    const image = hat;
    const repeated = await ended(
      await accepted(
        await submit(
          "?task=embed",
          lines({ custom_id: "a", image }, { custom_id: "b", image }, { custom_id: "a", image }),
        ),
      ),
    );
    expect(repeated).toMatchObject({ status: "failed", errors: [{ code: "invalid_request", line: 3 }] });
    expect(await results(repeated)).toEqual([]);
    const empty = await ended(await accepted(await submit("?task=embed", "\n\n")));
    expect(empty).toMatchObject({ status: "failed", errors: [{ message: "The input has no lines." }] });
    const missing = await ended(await accepted(await submitJson({ task: "embed", input: { key: "none.ndjson" } })));
    expect(missing).toMatchObject({ status: "failed" });
  });

  test("pictures below a prefix of the bucket, each named by its key", async () => {
    const job = await ended(
      await accepted(await submitJson({ task: "classify", bank: "everyday", top_k: 1, input: { prefix: "shop/" } })),
    );
    expect(job).toMatchObject({ status: "completed", counts: { total: 2, completed: 2, failed: 0 } });
    expect((await results(job)).map(({ custom_id }) => custom_id)).toEqual(["shop/hat.jpg", "shop/pants.jpg"]);
  });

  test("its end is told by a signed webhook", async () => {
    const callback = "https://hooks.example.com/hooks/batch";
    const job = await accepted(
      await submit(`?task=embed&callback_url=${encodeURIComponent(callback)}`, lines({ custom_id: "a", image: hat })),
    );
    const [{ body, headers } = { body: "", headers: {} }] = await elsewhere.waitFor("batch", 1);
    expect(new Webhook(SECRET).verify(body, headers)).toMatchObject({
      type: "batch.completed",
      data: { id: job.id, status: "completed", counts: { total: 1, completed: 1, failed: 0 } },
    });
  });

  test("cancelled, each of its lines is a result or an error, and deleted, it is gone", async () => {
    const each = Array.from({ length: 200 }, (_, i) => ({ custom_id: `${i}`, image: address("hat") }));
    const job = await accepted(await submit("?task=embed&priority=low", lines(...each)));
    expect((await call(`/${job.id}/cancel`, { method: "POST" })).status).toBe(200);
    const done = await ended(job);
    const [answered, failed] = [await results(job), await errors(job)];
    expect(done).toMatchObject({
      status: "cancelled",
      counts: { total: 200, completed: answered.length, failed: failed.length },
    });
    expect(new Set([...answered, ...failed].map(({ custom_id }) => custom_id)).size).toBe(200);
    expect(new Set(failed.map(({ error }) => error.code))).toEqual(new Set(["cancelled"]));
    const deleted = await call(`/${job.id}`, { method: "DELETE" });
    expect([deleted.status, await deleted.json()]).toEqual([200, { id: job.id, object: "batch", deleted: true }]);
    for (const path of ["", "/results", "/errors"]) {
      const gone = await call(`/${job.id}${path}`);
      expect([gone.status, (await problemOf(gone)).code]).toEqual([404, "batch_not_found"]);
    }
  });
});
