// The cleaning rules against open_clip's own (`_clean_whitespace`, with ftfy 6.3.1 and Python's html module).
import { expect, test } from "vitest";
import { clean } from "../../../src/core/text/clean.ts";
import golden from "../../goldens/text/clean.json";

const pairs = golden.map(([text = "", expected = ""]): [string, string] => [text, expected]);

test.each(pairs)("%j", (text, expected) => {
  expect(clean(text, "open_clip")).toBe(expected);
});

test("cleaning what is clean changes nothing", () => {
  for (const [text] of pairs) {
    const cleaned = clean(text, "hugging_face");
    expect(clean(cleaned, "hugging_face")).toBe(cleaned);
  }
});

test("hugging_face composes, none leaves alone", () => {
  expect(clean("e\u0301 &amp;", "hugging_face")).toBe("é &amp;");
  expect(clean("e\u0301 &amp;", "none")).toBe("e\u0301 &amp;");
});

test.each([
  ["A_Photo  of a cat!", "a photo of a cat"],
  ["  it's &amp;amp; DON'T -- (x) ", "its dont x"],
  ["schÃ¶n «é»  Straße", "schön «é» straße"],
  ["a|b~c{d}[e]^f`g", "abcdefg"],
])("canonicalize is open_clip's `_clean_canonicalize`: %j", (text, expected) => {
  expect(clean(text, "canonicalize")).toBe(expected);
});

test("where the port knowingly differs from ftfy", () => {
  expect(clean("â„¢", "open_clip")).toBe("™"); // ftfy leaves it
  expect(clean("×²", "open_clip")).toBe("×²"); // ftfy makes a Hebrew ligature of it
  expect(clean("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "open_clip")).toBe("Привет");
  expect(clean("РџСЂРёРІРµС", "open_clip")).toBe("РџСЂРёРІРµС"); // through Windows-1251: out of bounds here
  expect(clean("P&EACUTE;REZ", "open_clip")).toBe("P&EACUTE;REZ"); // PÉREZ in ftfy
});

test("nesting is bounded", () => {
  const started = performance.now();
  clean(`&${"amp;".repeat(4000)}`, "open_clip");
  clean("Ã".repeat(16_000), "open_clip");
  clean("Ã©".repeat(8_000), "open_clip");
  clean(`Ã${"\x83".repeat(16_000)}`, "open_clip"); // one character less in every pass
  expect(performance.now() - started).toBeLessThan(5000);
});
