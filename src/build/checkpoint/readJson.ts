// A JSON file of a checkpoint.
import { readFile } from "node:fs/promises";

/** @throws Error naming the file */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new Error(`${path}: cannot be read as JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
