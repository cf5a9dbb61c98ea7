// API keys: everything but health needs one, unless `npm start` opened the API.
import type { MiddlewareHandler } from "hono";
import { sha256 } from "../../core/hash.ts";
import { Problem } from "../../core/problem.ts";
import { type ApiKey, parseApiKeys } from "./apiKeys.ts";
import type { AppTypes } from "./env.ts";
import { scopeOf } from "./scopes.ts";

const PUBLIC = new Set(["/healthz", "/readyz"]);

/** Takes the same time wherever two hashes differ. */
function sameHash(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

let parsed: { text: string; keys: ApiKey[] } | undefined;

function keysOf(text: string): ApiKey[] {
  if (parsed?.text === text) return parsed.keys;
  const { keys, mistakes } = parseApiKeys(text);
  for (const mistake of mistakes)
    console.error(JSON.stringify({ level: "error", message: `API_KEYS_SHA256: ${mistake}` }));
  parsed = { text, keys };
  return keys;
}

/** @throws Problem `unauthorized`, `forbidden` */
export const auth: MiddlewareHandler<AppTypes> = async (context, next) => {
  if (PUBLIC.has(context.req.path) || context.env.OPEN_API === "yes") return next();
  const [, key] = /^Bearer (\S+)$/i.exec(context.req.header("authorization") ?? "") ?? [];
  const given = key === undefined ? "" : await sha256(new TextEncoder().encode(key));
  // Every known key is compared, so that time tells nothing about which one it was.
  const found = keysOf(context.env.API_KEYS_SHA256 ?? "").reduce<ApiKey | undefined>(
    (known, each) => (sameHash(each.hash, given) ? each : known),
    undefined,
  );
  if (!found) throw new Problem("unauthorized", "Send an API key of this deployment: Authorization: Bearer <key>.");
  context.set("caller", found.hash);
  context.set("scopes", found.scopes);
  const scope = scopeOf(context.req.path);
  if (scope && !found.scopes.has(scope)) throw new Problem("forbidden", `This key does not have the scope ${scope}.`);
  return next();
};
