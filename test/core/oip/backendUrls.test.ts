import { expect, test } from "vitest";
import { backendUrls } from "../../../src/core/oip/backendUrls.ts";

test("addresses, each once, without the slash at their end", () => {
  expect(backendUrls(" https://a.example.com/ , https://b.example.com/clip//,https://a.example.com,")).toEqual([
    "https://a.example.com",
    "https://b.example.com/clip",
  ]);
  expect(backendUrls("http://127.0.0.1:8000,http://[::1]:8000,http://localhost:8000")).toHaveLength(3);
});

test.each([
  ["http://gpu.example.com", "must begin with https://"],
  ["http://127.0.0.1.example.com", "must begin with https://"],
  ["ftp://127.0.0.1", "must begin with https://"],
  ["gpu.example.com", "is no URL"],
  ["https://user:secret@gpu.example.com", "must not hold a key"],
  ["https://gpu.example.com/?key=1", "must end where /v2 begins"],
])("%s is refused", (url, why) => {
  expect(() => backendUrls(`https://a.example.com,${url}`)).toThrow(`BACKEND_URLS: address 2 ${why}`);
});
