// models.lock.json: which bytes a model is, written when somebody first downloaded it and held to from then on.
import { readFile, rename, writeFile } from "node:fs/promises";
import * as v from "valibot";

const LockedSchema = v.strictObject({
  repo: v.string(),
  /** The commit. */
  revision: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)),
  licence: v.string(),
  files: v.pipe(
    v.array(
      v.strictObject({
        path: v.pipe(v.string(), v.regex(/^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/)),
        bytes: v.pipe(v.number(), v.integer(), v.minValue(1)),
        sha256: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)),
      }),
    ),
    v.minLength(1),
  ),
});
const LockSchema = v.strictObject({ schema: v.literal(1), models: v.record(v.string(), LockedSchema) });

type Lock = v.InferOutput<typeof LockSchema>;
export type Locked = v.InferOutput<typeof LockedSchema>;

/** @throws Error `<file>: <path>: <what>`; a file that is not there locks nothing */
export async function readLock(path: string): Promise<Lock> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return { schema: 1, models: {} };
  const fail = (what: string, cause?: unknown) => new Error(`${path}: ${what}`, { cause });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw fail("not JSON", cause);
  }
  const parsed = v.safeParse(LockSchema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw fail(`${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
}

/** Ids sorted, so that two people's additions merge. */
export async function writeLocked(path: string, id: string, locked: Locked): Promise<void> {
  const { models } = await readLock(path);
  const sorted = Object.entries({ ...models, [id]: locked }).sort(([a], [b]) => (a < b ? -1 : 1));
  await writeFile(`${path}.new`, `${JSON.stringify({ schema: 1, models: Object.fromEntries(sorted) }, null, 1)}\n`);
  await rename(`${path}.new`, path);
}
