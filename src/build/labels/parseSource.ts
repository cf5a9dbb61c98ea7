// Reads the text of a label file, and says by file and path what is wrong with it.
import * as v from "valibot";
import { LineCounter, parseDocument } from "yaml";
import { type Source, SourceSchema } from "./schema.ts";

/**
 * @param file its name, for messages
 * @throws Error `<file>: <path>: <what>`
 */
export function parseSource(file: string, yaml: string): Source {
  const fail = (what: string) => new Error(`${file}: ${what}`);
  const document = parseDocument(yaml, { lineCounter: new LineCounter(), stringKeys: true });
  const [broken] = document.errors;
  if (broken) throw fail(broken.message);
  let value: unknown;
  try {
    // No aliases at all: a label list needs none, and nested ones can expand without bound.
    value = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw new Error(`${file}: ${cause instanceof Error ? cause.message : cause}; aliases are not taken here`, {
      cause,
    });
  }
  const parsed = v.safeParse(SourceSchema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw fail(`${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
  }
  const seen = new Map<string, number>();
  for (const [i, { name, parents, prompts, templates }] of parsed.output.labels.entries()) {
    const key = name.toLowerCase().replace(/\s+/g, " ");
    const first = seen.get(key);
    if (first !== undefined) throw fail(`labels.${i}: ${JSON.stringify(name)} repeats labels.${first}`);
    seen.set(key, i);
    if (parents.includes(name)) throw fail(`labels.${i}.parents: ${JSON.stringify(name)} is its own parent`);
    if (new Set(parents).size < parents.length) throw fail(`labels.${i}.parents: a parent is repeated`);
    if (prompts && templates) throw fail(`labels.${i}: has both prompts and templates`);
  }
  return parsed.output;
}
