// API keys: everything but health needs one, unless `npm start` opened the API.
import type { MiddlewareHandler } from "hono";
import { sha256 } from "../../core/hash.ts";
import { Problem } from "../../core/problem.ts";
import type { AppTypes } from "./env.ts";

const PUBLIC = new Set(["/healthz", "/readyz"]);

/** Takes the same time wherever two hashes differ. */
function sameHash(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** @throws Problem `unauthorized` */
export const auth: MiddlewareHandler<AppTypes> = async (context, next) => {
  if (PUBLIC.has(context.req.path) || context.env.OPEN_API === "yes") return next();
  const [, key] = /^Bearer (\S+)$/i.exec(context.req.header("authorization") ?? "") ?? [];
  const known = (context.env.API_KEYS_SHA256 ?? "").split(",").map((hash) => `sha256:${hash.trim().toLowerCase()}`);
  const given = key === undefined ? "" : await sha256(new TextEncoder().encode(key));
  // Every known key is compared, so that time tells nothing about which one it was.
  if (!known.reduce((found, hash) => sameHash(hash, given) || found, false)) {
    throw new Problem("unauthorized", "Send an API key of this deployment: Authorization: Bearer <key>.");
  }
  context.set("caller", given);
  return next();
};
