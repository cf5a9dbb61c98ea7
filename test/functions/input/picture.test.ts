// The head of a data URI, whatever is sent in its place.
import { expect, test } from "vitest";
import { pictureFromJson } from "../../../src/functions/input/picture.ts";

const read = (value: string) =>
  pictureFromJson(value, "/image", () => Promise.reject(new Error("nothing is fetched here")));

test.each([
  ["", "data:;base64,AAEC"],
  ["a type", "data:image/png;base64,AAEC"],
  ["parameters", "DATA:image/svg+xml;charset=utf-8;name=a;BASE64,AAEC"],
])("a data URI with %s is its bytes", async (_name, value) => {
  expect(await read(value)).toEqual(new Uint8Array([0, 1, 2]));
});

test.each([
  ["millions of semicolons", `data:${";".repeat(8e6)}`],
  ["millions of parameters", `data:image/png${";a".repeat(4e6)};base64,AAEC`],
  ["no base64", "data:image/png,AAEC"],
  ["text before its parameters", "data:image/png x=1,;base64,AAEC"],
  ["another type", "data:text/html;base64,AAEC"],
])("%s: refused with its place", async (_name, value) => {
  await expect(read(value)).rejects.toMatchObject({ code: "invalid_request", errors: [{ pointer: "/image" }] });
});
