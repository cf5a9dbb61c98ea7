// The keys of the backend: SHA-256 compared in constant time, every key each time.
import { createHash, timingSafeEqual } from "node:crypto";
import { Problem } from "../core/problem.ts";

/** @param keys SHA-256 of each; none: open. @throws Problem `unauthorized` */
export function checkKey(keys: readonly Buffer[], headers: Headers): void {
  if (keys.length === 0) return;
  const [, key = ""] = /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  const given = createHash("sha256").update(key).digest();
  const known = keys.map((hash) => timingSafeEqual(hash, given));
  if (!known.includes(true))
    throw new Problem("unauthorized", "Send a key of this backend: Authorization: Bearer <key>.");
}
