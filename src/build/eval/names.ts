// What classes are called, where the data has only numbers or codes for them.
import { readFile } from "node:fs/promises";

/**
 * @param path JSON `{"n01440764": "tench"}` or `["tench", …]`, or text with a name a line
 * @returns the name of a label of the data; itself when there is none
 * @throws Error naming the file
 */
export async function readNames(path: string): Promise<(label: string) => string> {
  const text = await readFile(path, "utf8");
  let names: Map<string, unknown>;
  if (path.endsWith(".json")) {
    const json: unknown = JSON.parse(text);
    if (typeof json !== "object" || json === null) throw new Error(`${path}: neither an object nor a list of names`);
    names = new Map(Object.entries(json));
  } else {
    names = new Map(
      text
        .trim()
        .split("\n")
        .map((line, at) => [String(at), line.trim()]),
    );
  }
  for (const [label, name] of names)
    if (typeof name !== "string" || name === "") throw new Error(`${path}: the name of ${label} is no text`);
  return (label) => {
    const name = names.get(label);
    return typeof name === "string" ? name : label;
  };
}
