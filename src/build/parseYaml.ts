// Reads the text of a YAML file against its schema, and says by file and path what is wrong with it.
import * as v from "valibot";
import { LineCounter, parseDocument } from "yaml";
import { keyMessage } from "../core/json/keyMessage.ts";

/**
 * @param file its name, for messages
 * @throws Error `<file>: <path>: <what>`
 */
export function parseYaml<S extends v.GenericSchema>(file: string, yaml: string, schema: S): v.InferOutput<S> {
  const fail = (what: string, cause?: unknown) => new Error(`${file}: ${what}`, { cause });
  const document = parseDocument(yaml, { lineCounter: new LineCounter(), stringKeys: true });
  const [broken] = document.errors;
  if (broken) throw fail(broken.message);
  let value: unknown;
  try {
    // No aliases at all: these lists need none, and nested ones can expand without bound.
    value = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw fail(`${cause instanceof Error ? cause.message : cause}; aliases are not taken here`, cause);
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw fail(`${v.getDotPath(issue) ?? "document"}: ${keyMessage(issue) ?? issue.message}`);
}
