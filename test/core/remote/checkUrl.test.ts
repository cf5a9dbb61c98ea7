// Which addresses may be fetched at all.
import { describe, expect, test } from "vitest";
import { Problem } from "../../../src/core/problem.ts";
import { checkUrl } from "../../../src/core/remote/checkUrl.ts";

const HOSTS = ["images.example.com", "*.cdn.example.com"];

test.each(["https://images.example.com/a.jpg", "https://IMAGES.example.com./a", "https://a.b.cdn.example.com/"])(
  "%s may",
  (url) => {
    expect(checkUrl(url, HOSTS)).toBeInstanceOf(URL);
  },
);

describe("may not", () => {
  test.each([
    "http://images.example.com/a.jpg",
    "ftp://images.example.com/a.jpg",
    "https://other.example.com/",
    "https://cdn.example.com/",
    "https://evilcdn.example.com/",
    "https://images.example.com.evil.com/",
    "https://user:pass@images.example.com/",
    "https://images.example.com:8443/",
    "no address",
  ])("%s", (url) => {
    expect(() => checkUrl(url, HOSTS)).toThrow(Problem);
  });

  test.each([
    "https://127.0.0.1/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://localhost/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://intranet/",
  ])("%s, not even when every host is allowed", (url) => {
    expect(() => checkUrl(url, [new URL(url).hostname, "*.internal", "*.local"])).toThrow(/IP addresses|private name/);
  });

  test("anything, while the list is empty", () => {
    expect(() => checkUrl("https://images.example.com/", [])).toThrow(/not among the hosts/);
  });
});
