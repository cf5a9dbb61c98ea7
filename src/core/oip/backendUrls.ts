// Addresses of backends as a variable holds them, separated by commas: https, and http to this machine only.
import { Problem } from "../problem.ts";

const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);

function checked(text: string, place: number): string {
  const wrong = (why: string) => new Problem("backend_unavailable", `BACKEND_URLS: address ${place} ${why}.`);
  const url = URL.parse(text);
  if (!url) throw wrong("is no URL");
  const { protocol, hostname } = url;
  if (protocol !== "https:" && !(protocol === "http:" && LOOPBACK.has(hostname)))
    throw wrong("must begin with https://");
  if (url.username || url.password) throw wrong("must not hold a key; BACKEND_KEY is sent");
  if (url.search || url.hash) throw wrong("must end where /v2 begins");
  return url.href.replace(/\/+$/, "");
}

/** @returns each once, without a slash at the end. @throws Problem naming the place, not the address */
export function backendUrls(variable: string): string[] {
  const entries = variable
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean);
  return [...new Set(entries.map((entry, at) => checked(entry, at + 1)))];
}
