// Secrets of webhooks on this machine: made when they are first needed, kept out of git, and never deployed.
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as v from "valibot";
import type { WebhookSource } from "../../core/webhook/source.ts";

/** Standard Webhooks wants 24 to 64. */
const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;

const FileSchema = v.record(v.string(), v.string());

/**
 * @param file JSON, value by variable
 * @param environment what is set there goes before what was made
 * @returns the value of every variable that the sources name
 */
export async function localSecrets(
  file: string,
  sources: readonly Pick<WebhookSource, "secrets" | "callback">[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw error;
  });
  const kept = v.parse(FileSchema, JSON.parse(text));
  const names = new Set(sources.flatMap(({ secrets, callback }) => [...secrets, ...(callback?.secrets ?? [])]));
  const missing = [...names].filter((name) => !environment[name] && !kept[name]);
  for (const name of missing) kept[name] = `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;
  if (missing.length > 0) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${JSON.stringify(kept, null, 1)}\n`, { mode: OWNER_ONLY });
  }
  return Object.fromEntries([...names].map((name) => [name, environment[name] || (kept[name] ?? "")]));
}
