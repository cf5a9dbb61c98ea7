// An NDJSON manifest: a line a picture, `{"image": <path>, "label"?, "caption"? or "captions"?}`; paths count from the manifest.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import type { Sample } from "./sample.ts";

const text = v.pipe(v.string(), v.nonEmpty());
const LineSchema = v.object({
  image: text,
  label: v.optional(v.union([text, v.pipe(v.number(), v.transform(String))])),
  caption: v.optional(text),
  captions: v.optional(v.array(text), []),
});

/** @throws Error `<path>:<line>: <what>` */
export async function readManifestFile(path: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const [at, line] of (await readFile(path, "utf8")).split("\n").entries()) {
    if (line.trim() === "") continue;
    const fail = (what: string, cause?: unknown) => new Error(`${path}:${at + 1}: ${what}`, { cause });
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch (cause) {
      throw fail("not JSON", cause);
    }
    const parsed = v.safeParse(LineSchema, json);
    if (!parsed.success) {
      const [issue] = parsed.issues;
      throw fail(`${v.getDotPath(issue) ?? "line"}: ${issue.message}`);
    }
    const { image, label, caption, captions } = parsed.output;
    const file = resolve(dirname(path), image);
    samples.push({
      name: image,
      label,
      captions: caption === undefined ? captions : [caption, ...captions],
      read: async () => new Uint8Array(await readFile(file)),
    });
  }
  if (samples.length === 0) throw new Error(`${path}: there is no line in it`);
  return samples;
}
