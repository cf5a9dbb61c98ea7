import { describe, expect, test } from "vitest";
import { type Choice, Pool } from "../../../src/core/oip/pool.ts";

const OPTIONS = { coolDown: 1_000, longestCoolDown: 5_000, lease: 60_000 };
const choose = (pool: Pool, now: number, load = 1): Choice => {
  const choice = pool.choose(load, now);
  if (!choice) throw new Error("none is well");
  return choice;
};

describe("choice", () => {
  test("the least loaded is chosen", () => {
    const pool = new Pool(2, OPTIONS);
    expect(choose(pool, 0, 10).at).toBe(0);
    const small = choose(pool, 0, 3);
    expect([small.at, choose(pool, 0, 3).at, choose(pool, 0, 5).at]).toEqual([1, 1, 1]);
    expect(choose(pool, 0).at).toBe(0);
  });

  test("equals take turns, from the one that is first", () => {
    const pool = new Pool(3, OPTIONS, 1);
    const turns = Array.from({ length: 5 }, () => {
      const choice = choose(pool, 0);
      choice.answered();
      return choice.at;
    });
    expect(turns).toEqual([1, 2, 0, 1, 2]);
  });

  test("what is excepted is not chosen", () => {
    expect(new Pool(2, OPTIONS).choose(1, 0, new Set([0, 1]))).toBeUndefined();
    expect(new Pool(2, OPTIONS).choose(1, 0, new Set([0]))?.at).toBe(1);
    expect(new Pool(0, OPTIONS).choose(1, 0)).toBeUndefined();
  });

  test("a request that never says how it ended is no load for ever", () => {
    const pool = new Pool(2, OPTIONS);
    choose(pool, 0, 10);
    choose(pool, 0).answered();
    expect(pool.choose(1, 59_999)?.at).toBe(1);
    expect(pool.choose(1, 60_000)?.at).toBe(0);
  });
});

describe("failures", () => {
  test("one that failed rests, then one request alone tries it", () => {
    const pool = new Pool(1, OPTIONS);
    choose(pool, 0).failed(0);
    expect(pool.choose(1, 999)).toBeUndefined();
    const probe = choose(pool, 1_000);
    expect(pool.choose(1, 1_000)).toBeUndefined();
    probe.answered();
    choose(pool, 1_001);
    choose(pool, 1_001);
  });

  test("a probe whose invocation ended does not shut it for ever", () => {
    const pool = new Pool(1, OPTIONS);
    choose(pool, 0).failed(0);
    choose(pool, 1_000);
    expect(pool.choose(1, 60_999)).toBeUndefined();
    choose(pool, 61_000);
  });

  test("each further failure doubles the rest, up to the longest; an answer begins anew", () => {
    const pool = new Pool(1, OPTIONS);
    let now = 0;
    for (const rest of [1_000, 2_000, 4_000, 5_000, 5_000]) {
      choose(pool, now).failed(now);
      expect(pool.choose(1, now + rest - 1)).toBeUndefined();
      now += rest;
    }
    choose(pool, now).answered();
    choose(pool, now).failed(now);
    choose(pool, now + 1_000);
  });

  test("requests that fail together are one failure", () => {
    const pool = new Pool(1, OPTIONS);
    const together = [choose(pool, 0), choose(pool, 0), choose(pool, 0)];
    for (const choice of together) choice.failed(10);
    choose(pool, 1_010);
  });

  test("a busy one rests for as long as it says, within bounds", () => {
    const pool = new Pool(1, OPTIONS);
    choose(pool, 0).failed(0, 3);
    expect(pool.choose(1, 2_999)).toBeUndefined();
    choose(pool, 3_000).failed(3_000, 3_600);
    expect(pool.choose(1, 7_999)).toBeUndefined();
    choose(pool, 8_000);
  });
});
