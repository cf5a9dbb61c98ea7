// JSON bodies: what is no JSON, and what would fill the memory.
import { expect, test } from "vitest";
import { parseJson } from "../../../src/core/json/parseJson.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const code = (text: string) => {
  try {
    parseJson(bytes(text));
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

test("a body is what it says", () => {
  expect(parseJson(bytes('{"a": [1, "ü,[{"]}'))).toEqual({ a: [1, "ü,[{"] });
});

test("no JSON, and no UTF-8", () => {
  expect(code("{")).toBe("invalid_json");
  expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow("not valid JSON");
});

test.each([
  ["objects in a list", `[${"{},".repeat(600_000)}0]`],
  ["numbers", `[${"1,".repeat(1_000_001)}1]`],
  ["lists in lists", "[".repeat(1_000_001)],
  ["objects in objects", '{"":'.repeat(1_000_001)],
])("millions of values are refused before they are read: %s", (_name, text) => {
  expect(code(text)).toBe("body_too_large");
});

test("a large picture is one value", () => {
  expect(code(`{"image": "${"A".repeat(27 * 2 ** 20)}"}`)).toBeUndefined();
});
