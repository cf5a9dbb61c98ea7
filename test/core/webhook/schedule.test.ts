// When an outgoing webhook is tried again.
import { expect, test } from "vitest";
import { retryAfter } from "../../../src/core/webhook/retryAfter.ts";
import { nextWait, readSchedule, SCHEDULE } from "../../../src/core/webhook/schedule.ts";

const MIDDLE = 0.5;

test("the schedule of Standard Webhooks: ten attempts over three days", () => {
  const hours = SCHEDULE.reduce((sum, wait) => sum + wait, 0) / 3600;
  expect([SCHEDULE.length, Math.round(hours)]).toEqual([10, 76]);
  expect(SCHEDULE.map((_, attempts) => nextWait(SCHEDULE, attempts, undefined, MIDDLE))).toEqual(SCHEDULE);
  expect(nextWait(SCHEDULE, 10, undefined, MIDDLE)).toBeUndefined();
});

test("a wait is a tenth shorter or longer at most", () => {
  expect(nextWait(SCHEDULE, 2, undefined, 0)).toBeCloseTo(270);
  expect(nextWait(SCHEDULE, 2, undefined, 1)).toBeCloseTo(330);
});

test("a receiver may ask for a longer wait, not for a shorter one, and not for more than a day", () => {
  expect(nextWait(SCHEDULE, 1, 120, MIDDLE)).toBe(120);
  expect(nextWait(SCHEDULE, 2, 120, MIDDLE)).toBe(300);
  expect(nextWait(SCHEDULE, 1, 1e9, MIDDLE)).toBe(86_400);
});

test("Retry-After in seconds and as a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const read = (value: string) => retryAfter(new Headers({ "retry-after": value }), now);
  expect(read("120")).toBe(120);
  expect(read("Thu, 01 Jan 2026 00:01:00 GMT")).toBe(60);
  expect(read("Wed, 31 Dec 2025 00:00:00 GMT")).toBe(0);
  expect([read("soon"), read("-5x"), retryAfter(new Headers(), now)]).toEqual([undefined, undefined, undefined]);
});

test("a schedule in a variable", () => {
  expect(readSchedule("0, 1,2.5")).toEqual([0, 1, 2.5]);
  for (const wrong of ["", "1,,2", "a", "-1"]) expect(() => readSchedule(wrong)).toThrow("a schedule is");
});
