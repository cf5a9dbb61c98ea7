// Batching without an engine: who shares a run, who waits, who is refused, who gives up.
import { expect, test } from "vitest";
import { Batcher } from "../../src/backend/batcher.ts";
import type { Tensor } from "../../src/core/oip/tensor.ts";
import { Problem } from "../../src/core/problem.ts";

/** One text a row, its first id the number that comes back as its vector. */
const rows = (width: number, ...numbers: number[]): Tensor => ({
  name: "input_ids",
  datatype: "INT32",
  shape: [numbers.length, width],
  data: Int32Array.from(numbers.flatMap((number) => [number, ...Array.from({ length: width - 1 }, () => 1)])),
});

const never = new AbortController().signal;
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

function batcher(options: { maxBatch?: number; maxDelayMs?: number; capacity?: number } = {}) {
  const batches: { data: number[]; shape: number[] }[] = [];
  const gates: (() => void)[] = [];
  let open = true;
  let failure: Error | undefined;
  const created = new Batcher({
    width: 1,
    pad: -1,
    maxBatch: 4,
    maxDelayMs: 0,
    capacity: 8,
    ...options,
    async run({ data, shape }) {
      batches.push({ data: [...data], shape });
      if (!open) await new Promise<void>((resolve) => gates.push(resolve));
      if (failure) throw failure;
      const [count = 0, width = 0] = shape;
      return { vectors: Float32Array.from({ length: count }, (_, row) => data[row * width] ?? 0), seconds: 0.001 };
    },
  });
  return {
    batcher: created,
    batches,
    /** Runs stand still from here on. */
    shut: () => {
      open = false;
    },
    /** The oldest run that stands still goes on. */
    release: async () => {
      gates.shift()?.();
      await settle();
    },
    fail: (error: Error | undefined) => {
      failure = error;
    },
  };
}

test("requests within the delay share a run and get their own rows back", async () => {
  const { batcher: queue, batches } = batcher({ maxDelayMs: 20 });
  const answers = await Promise.all([queue.add(rows(2, 5, 6), never), queue.add(rows(2, 7), never)]);
  expect(answers.map((vectors) => [...vectors])).toEqual([[5, 6], [7]]);
  expect(batches.map(({ shape }) => shape)).toEqual([[3, 2]]);
});

test("a full batch does not wait", async () => {
  const { batcher: queue } = batcher({ maxDelayMs: 60_000 });
  expect([...(await queue.add(rows(1, 1, 2, 3, 4), never))]).toEqual([1, 2, 3, 4]);
});

test("a batch that is not full waits no longer than the delay", async () => {
  const { batcher: queue } = batcher({ maxDelayMs: 30 });
  const start = performance.now();
  await queue.add(rows(1, 1), never);
  expect(performance.now() - start).toBeGreaterThan(25);
});

test("a large request spans runs and is put together in order", async () => {
  const { batcher: queue, batches } = batcher();
  const many = Array.from({ length: 8 }, (_, i) => i + 1);
  expect([...(await queue.add(rows(1, ...many), never))]).toEqual(many);
  expect(batches.map(({ shape }) => shape[0])).toEqual([4, 4]);
});

test("shorter texts are filled up", async () => {
  const { batcher: queue, batches } = batcher({ maxDelayMs: 20 });
  await Promise.all([queue.add(rows(1, 5), never), queue.add(rows(3, 6), never)]);
  expect(batches).toEqual([{ data: [5, -1, -1, 6, 1, 1], shape: [2, 3] }]);
});

test("behind a run only a full one is sent, the rest fills up", async () => {
  const { batcher: queue, batches, shut, release } = batcher();
  shut();
  const first = queue.add(rows(1, 1), never);
  const others = [2, 3, 4].map((number) => queue.add(rows(1, number), never));
  await settle();
  expect(batches.length).toBe(1);
  await release();
  await release();
  expect(batches.map(({ shape }) => shape[0])).toEqual([1, 3]);
  expect((await Promise.all([first, ...others])).flatMap((vectors) => [...vectors])).toEqual([1, 2, 3, 4]);
});

test("past its capacity the queue refuses, with a time to come back", async () => {
  const { batcher: queue, shut, release } = batcher({ capacity: 3 });
  shut();
  const taken = [queue.add(rows(1, 1), never), queue.add(rows(1, 2, 3), never)];
  const refused = await Promise.resolve()
    .then(() => queue.add(rows(1, 4, 5), never))
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Problem);
  expect(refused).toMatchObject({ code: "rate_limited", status: 429, retryAfter: 1 });
  await release();
  await release();
  expect((await Promise.all(taken)).length).toBe(2);
});

test("who gives up leaves the queue, and the others are answered", async () => {
  const { batcher: queue, batches, shut, release } = batcher();
  shut();
  const running = queue.add(rows(1, 1), never);
  const impatient = new AbortController();
  const leaves = queue.add(rows(1, 2, 3), impatient.signal);
  const stays = queue.add(rows(1, 4), never);
  impatient.abort(new Problem("overloaded", "late"));
  await expect(leaves).rejects.toMatchObject({ code: "overloaded" });
  expect(queue.waiting).toBe(1);
  await release();
  await release();
  expect([...(await running), ...(await stays)]).toEqual([1, 4]);
  expect(batches.map(({ data }) => data)).toEqual([[1], [4]]);
});

test("a run that fails fails its requests, and the next one works", async () => {
  const { batcher: queue, fail } = batcher();
  fail(new Problem("model_unavailable", "out of memory"));
  await expect(queue.add(rows(1, 1, 2, 3, 4, 5), never)).rejects.toMatchObject({ code: "model_unavailable" });
  expect(queue.waiting).toBe(0);
  fail(undefined);
  expect([...(await queue.add(rows(1, 9), never))]).toEqual([9]);
});
