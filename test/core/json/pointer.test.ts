// Pointers into payloads that anyone may have written.
import { describe, expect, test } from "vitest";
import { isPointer, select } from "../../../src/core/json/pointer.ts";
import { Problem } from "../../../src/core/problem.ts";

const document = {
  image: "a",
  images: ["a", "b"],
  posts: [{ pictures: [{ url: "a" }, { url: "b" }] }, { pictures: [] }, { pictures: [{ url: "c" }] }],
  "a/b": { "~": 1 },
};

describe("found", () => {
  test.each<[string, [string, unknown][]]>([
    ["/image", [["/image", "a"]]],
    [
      "/images",
      [
        ["/images/0", "a"],
        ["/images/1", "b"],
      ],
    ],
    ["/images/1", [["/images/1", "b"]]],
    [
      "/posts/*/pictures/*/url",
      [
        ["/posts/0/pictures/0/url", "a"],
        ["/posts/0/pictures/1/url", "b"],
        ["/posts/2/pictures/0/url", "c"],
      ],
    ],
    ["/posts/1/pictures", []],
    ["/a~1b/~0", [["/a~1b/~0", 1]]],
  ])("%s", (pointer, expected) => {
    expect(select(document, pointer, 10).map(({ pointer: at, value }) => [at, value])).toEqual(expected);
  });
});

describe("refused, naming the place", () => {
  test.each<[string, string]>([
    ["/nothing", "/nothing"],
    ["/image/url", "/image/url"],
    ["/images/2", "/images/2"],
    ["/images/length", "/images/length"],
    ["/images/-", "/images/-"],
    ["/posts/*/title", "/posts/0/title"],
    ["/image/*", "/image"],
    ["/constructor", "/constructor"],
    ["/__proto__", "/__proto__"],
  ])("%s", (pointer, where) => {
    const refused = () => select(document, pointer, 10);
    expect(refused).toThrow(Problem);
    expect(refused).toThrow(new RegExp(`^${where.replaceAll("*", "\\*")} `));
  });

  test.each([null, 3, "text", []])("a document that is %j", (whole) => {
    expect(() => select(whole, "/image", 10)).toThrow("/image is missing");
  });

  test("more than are taken, at every step", () => {
    const many = Array.from({ length: 10_000 }, () => ({ url: "a" }));
    for (const [value, pointer] of [
      [many, "/list"],
      [many, "/list/*/url"],
      [[{ urls: many }], "/list/*/urls/*/url"],
    ] as const) {
      expect(() => select({ list: value }, pointer, 100)).toThrow("more than the 100");
    }
  });
});

test("what is a pointer", () => {
  expect(["/a", "/a/*/b", "/~0~1", "/"].every(isPointer)).toBe(true);
  expect(["", "a", "a/b", "/~2"].some(isPointer)).toBe(false);
});
