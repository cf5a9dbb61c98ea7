// Reads the text of a label file, and says by file and path what is wrong with it.
import { parseYaml } from "../parseYaml.ts";
import { type Source, SourceSchema } from "./schema.ts";

/**
 * @param file its name, for messages
 * @throws Error `<file>: <path>: <what>`
 */
export function parseSource(file: string, yaml: string): Source {
  const fail = (what: string) => new Error(`${file}: ${what}`);
  const source = parseYaml(file, yaml, SourceSchema);
  const seen = new Map<string, number>();
  for (const [i, { name, parents, prompts, templates }] of source.labels.entries()) {
    const key = name.toLowerCase().replace(/\s+/g, " ");
    const first = seen.get(key);
    if (first !== undefined) throw fail(`labels.${i}: ${JSON.stringify(name)} repeats labels.${first}`);
    seen.set(key, i);
    if (parents.includes(name)) throw fail(`labels.${i}.parents: ${JSON.stringify(name)} is its own parent`);
    if (new Set(parents).size < parents.length) throw fail(`labels.${i}.parents: a parent is repeated`);
    if (prompts && templates) throw fail(`labels.${i}: has both prompts and templates`);
  }
  return source;
}
