// Whether files are still those that were written down: size first, then SHA-256.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256Of } from "../hashFile.ts";
import { size } from "../terminal/amounts.ts";

interface Expected {
  name: string;
  bytes: number;
  /** `sha256:<hex>` */
  sha256: string;
}

export interface Check {
  name: string;
  /** What is wrong; undefined: nothing. */
  problem: string | undefined;
  /** What was looked at, in words. */
  note: string;
}

export async function verifyFiles(dir: string, files: readonly Expected[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { name, bytes, sha256 } of files) {
    const path = join(dir, name);
    const found = await stat(path).catch(() => undefined);
    const hash = found?.size === bytes ? `sha256:${await sha256Of(path)}` : undefined;
    const problem = !found
      ? "is missing"
      : hash === undefined
        ? `has ${found.size} bytes instead of ${bytes}`
        : hash === sha256
          ? undefined
          : `has ${hash} instead of ${sha256}`;
    checks.push({ name, problem, note: size(bytes) });
  }
  return checks;
}
