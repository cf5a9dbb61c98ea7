// Base64 from outside: what is taken, and that what is refused is refused at once.
import { expect, test } from "vitest";
import { decodeBase64 } from "../../../src/functions/input/base64.ts";

test.each(["_-8=", "/+8=", "/+8", "_-8=="])("%s is read", (text) => {
  expect([...decodeBase64(text, "/image")]).toEqual([255, 239]);
});

test("a megabyte of padding in front of something is refused without looking at it twice", { timeout: 5_000 }, () => {
  expect(() => decodeBase64(`${"=".repeat(1e6)}A`, "/image")).toThrow("/image is not valid base64");
});
