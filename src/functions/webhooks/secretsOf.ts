// The secrets that variables hold, by their names.
import { log } from "../log/log.ts";

/** What is not set is told in the log and left out: without any secret nothing is verified and nothing signed. */
export function secretsOf(env: object, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value: unknown = Reflect.get(env, name);
    if (typeof value === "string" && value) return [value];
    log("error", "a secret is not set", { name });
    return [];
  });
}
