// The keys of a deployment as its configuration writes them: `<sha256>` or `<sha256>=<scope>+<scope>`, separated by commas.
import { SCOPES, type Scope } from "./scopes.ts";

export interface ApiKey {
  /** `sha256:<hex>` of the key. */
  hash: string;
  scopes: ReadonlySet<Scope>;
}

/** What a key must name to have it. */
const NAMED: ReadonlySet<Scope> = new Set(["admin", "backend", "batches:all"]);
/** A key that names no scopes may ask everything, sees its own batches, and administers nothing. */
const DEFAULT: ReadonlySet<Scope> = new Set(SCOPES.filter((scope) => !NAMED.has(scope)));

const isScope = (name: string): name is Scope => SCOPES.some((scope) => scope === name);

/** @returns the keys, and what is wrong with the entries that are left out: one that is not understood opens nothing */
export function parseApiKeys(text: string): { keys: ApiKey[]; mistakes: string[] } {
  const keys: ApiKey[] = [];
  const mistakes: string[] = [];
  const entries = text.split(",").map((entry) => entry.trim());
  for (const [at, entry] of entries.entries()) {
    if (entry === "") continue;
    const [hash = "", listed, ...rest] = entry.split("=").map((part) => part.trim());
    const names = listed?.split("+").map((name) => name.trim());
    const unknown = names?.filter((name) => !isScope(name)) ?? [];
    if (!/^[0-9a-f]{64}$/i.test(hash) || rest.length > 0) mistakes.push(`key ${at + 1} is no SHA-256 in hexadecimal`);
    else if (unknown.length > 0)
      mistakes.push(`key ${at + 1} has unknown scopes: ${unknown.join(", ")}; there are ${SCOPES.join(", ")}`);
    else keys.push({ hash: `sha256:${hash.toLowerCase()}`, scopes: names ? new Set(names.filter(isScope)) : DEFAULT });
  }
  return { keys, mistakes };
}
