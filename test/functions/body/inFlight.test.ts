// The bound on bytes held at once: a request waits for room, and is told when there is none.
import { expect, test, vi } from "vitest";
import { InFlight } from "../../../src/functions/body/inFlight.ts";

/** Work that ends when it is told to. */
function work() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { use: () => promise, end: resolve };
}

test("what fits is held side by side, what does not waits until there is room", async () => {
  const inFlight = new InFlight(10);
  const [a, b] = [work(), work()];
  const done: string[] = [];
  const holdA = inFlight.hold(6, a.use).then(() => done.push("a"));
  const holdB = inFlight.hold(4, b.use).then(() => done.push("b"));
  const holdC = inFlight.hold(5, async () => done.push("c"));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(done).toEqual([]);
  b.end();
  await holdB;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(done).toEqual(["b"]);
  a.end();
  await Promise.all([holdA, holdC]);
  expect(done.toSorted()).toEqual(["a", "b", "c"]);
});

test("past its patience a request is told to come again, and the others are not disturbed", async () => {
  const inFlight = new InFlight(10, 20);
  const long = work();
  const held = inFlight.hold(10, long.use);
  await expect(inFlight.hold(1, async () => {})).rejects.toMatchObject({
    code: "overloaded",
    status: 503,
    retryAfter: 1,
  });
  long.end();
  await held;
  expect(await inFlight.hold(10, async () => "room")).toBe("room");
});

test("work that fails gives its room back", async () => {
  const inFlight = new InFlight(10, 20);
  await expect(inFlight.hold(10, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await inFlight.hold(10, async () => "room")).toBe("room");
});

test("room is taken back after a lease, unless who has it gets on", async () => {
  vi.useFakeTimers();
  try {
    const inFlight = new InFlight(10, 0);
    const [gone, alive] = [work(), work()];
    const holds = [
      inFlight.hold(5, gone.use),
      inFlight.hold(5, async ({ renew }) => {
        const timer = setInterval(renew, 10_000);
        await alive.use();
        clearInterval(timer);
      }),
    ];
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await inFlight.hold(5, async () => "room")).toBe("room");
    await expect(inFlight.hold(6, async () => {})).rejects.toMatchObject({ code: "overloaded" });
    for (const { end } of [gone, alive]) end();
    await Promise.all(holds);
  } finally {
    vi.useRealTimers();
  }
});
