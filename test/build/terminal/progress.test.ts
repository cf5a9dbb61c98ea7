// The progress line, with a clock of its own.
import { expect, test } from "vitest";
import { duration, size } from "../../../src/build/terminal/amounts.ts";
import { Progress } from "../../../src/build/terminal/progress.ts";

function watched(columns = 100) {
  const written: string[] = [];
  let time = 0;
  const progress = new Progress({
    label: "model",
    total: 100e6,
    say: size,
    screen: { isTTY: true, columns, write: (text) => written.push(text) },
    now: () => time,
  });
  return { progress, written, at: (ms: number) => (time = ms) };
}

test("share, amounts, rate and the time that is left", () => {
  const { progress, at } = watched();
  at(1000);
  progress.add(10e6);
  at(2000);
  progress.add(15e6);
  expect(progress.line()).toBe("model [####------------] 25 %  25.0 MB of 100 MB  12.5 MB/s  0:06 left");
});

test("what was there already moves the bar and not the rate", () => {
  const { progress, at } = watched();
  progress.add(50e6, true);
  at(1000);
  progress.add(10e6);
  expect(progress.line()).toContain("60 %  60.0 MB of 100 MB  10.0 MB/s  0:04 left");
});

test("the rate is that of the last seconds", () => {
  const { progress, at } = watched();
  for (let second = 1; second <= 10; second++) {
    at(second * 1000);
    progress.add(second <= 4 ? 10e6 : 1e6);
  }
  expect(progress.rate).toBeLessThan(3e6);
});

test("draws seldom, within the screen, and takes itself away", () => {
  const { progress, written, at } = watched(40);
  for (let ms = 0; ms < 1000; ms += 10) {
    at(ms);
    progress.add(1);
  }
  progress.end();
  expect(written.length).toBeLessThan(13);
  for (const line of written) expect(line.replace("\r", "").replace("\x1b[K", "").length).toBeLessThan(40);
  expect(written.at(-1)).toBe("\r\x1b[K");
});

test("silent where nobody watches", () => {
  const written: string[] = [];
  const progress = new Progress({ label: "x", total: 1, say: String, screen: { write: (text) => written.push(text) } });
  progress.add(1);
  progress.end();
  expect(written).toEqual([]);
});

test("sizes and durations in words", () => {
  expect([0, 999, 1500, 12_345_678, 5.08e9].map(size)).toEqual(["0 B", "999 B", "1.50 kB", "12.3 MB", "5.08 GB"]);
  expect([0, 7, 723, 3723].map(duration)).toEqual(["0:00", "0:07", "12:03", "1:02:03"]);
});
