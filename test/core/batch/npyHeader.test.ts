// The header of a NumPy file against what numpy.lib.format itself writes (numpy 2.4.6, np.save of float32 zeros).
import { expect, test } from "vitest";
import { npyHeader } from "../../../src/core/batch/npyHeader.ts";

test.each([
  [3, 256, "93 4e 55 4d 50 59 01 00 76 00"],
  [2_000_000, 1_280, "93 4e 55 4d 50 59 01 00 76 00"],
])("%i rows of %i", (rows, width, start) => {
  const header = npyHeader(rows, width);
  const hex = [...header.subarray(0, 10)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  expect(hex).toBe(start);
  expect(new TextDecoder().decode(header.subarray(10)).trimEnd()).toBe(
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`,
  );
  expect([header.length % 64, header.at(-1)]).toEqual([0, 10]);
});
