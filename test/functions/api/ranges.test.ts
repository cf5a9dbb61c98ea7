// Ranges of bytes as RFC 9110 says them.
import { expect, test } from "vitest";
import { rangeOf } from "../../../src/functions/api/batches/ranges.ts";

test.each<[string | undefined, ReturnType<typeof rangeOf>]>([
  [undefined, undefined],
  ["bytes=0-9", { offset: 0, length: 10 }],
  ["bytes=90-", { offset: 90, length: 10 }],
  ["bytes=90-200", { offset: 90, length: 10 }],
  ["bytes=-10", { offset: 90, length: 10 }],
  ["bytes=-200", { offset: 0, length: 100 }],
  ["bytes=99-99", { offset: 99, length: 1 }],
  ["bytes=100-", null],
  ["bytes=-0", null],
  ["bytes=5-4", undefined],
  ["bytes=0-1,5-6", undefined],
  ["items=0-1", undefined],
  ["bytes=-", undefined],
])("%s of 100 bytes", (header, range) => {
  expect(rangeOf(header, 100)).toEqual(range);
});
