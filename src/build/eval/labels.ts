// The classes that compete, and what each is asked for by.
import { readFile } from "node:fs/promises";
import { isTemplate, prompts } from "../../core/labels/prompts.ts";
import { parseSource } from "../labels/parseSource.ts";
import type { Sample } from "./dataset/sample.ts";

export interface Classes {
  names: string[];
  /** Of each name. */
  prompts: string[][];
  /** The row of a label of the data, whatever its case; undefined: none of the classes. */
  rowOf(label: string): number | undefined;
}

/** OpenAI's own for a first look at any data. */
const TEMPLATES = ["a photo of a {}."];
const key = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[\s_]+/g, " ")
    .trim();

function classes(names: string[], own: string[][]): Classes {
  const rows = new Map(names.map((name, row) => [key(name), row]));
  return { names, prompts: own, rowOf: (label) => rows.get(key(label)) };
}

/** @param path of a label file: all its labels compete, with their templates. @param templates instead of the file's */
export async function classesOfFile(path: string, templates: string[] | undefined): Promise<Classes> {
  const source = parseSource(path, await readFile(path, "utf8"));
  const silent = source.labels.find(({ prompts }) => prompts?.length === 0);
  if (silent)
    throw new Error(`${path}: ${silent.name} has no prompts: a label by pictures alone cannot be asked for in words`);
  return classes(
    source.labels.map(({ name }) => name),
    source.labels.map((label) => prompts(label, templates ?? label.templates ?? source.templates, source)),
  );
}

/** The labels of the data itself, each once. */
export function classesOfData(samples: readonly Sample[], templates: string[] | undefined): Classes {
  const names = new Map<string, string>();
  for (const { label } of samples)
    if (label !== undefined && !names.has(key(label))) names.set(key(label), label.replaceAll("_", " "));
  const sorted = [...names.values()].sort((a, b) => (a < b ? -1 : 1));
  const articles = { articles: false };
  return classes(
    sorted,
    sorted.map((name) => prompts({ name }, templates ?? TEMPLATES, articles)),
  );
}

/** @param path a template a line, `{}` for the label; `#` begins a remark. @throws Error naming the line */
export async function readTemplates(path: string): Promise<string[]> {
  const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
  for (const [at, line] of lines.entries())
    if (line !== "" && !line.startsWith("#") && !isTemplate(line))
      throw new Error(`${path}:${at + 1}: must contain {} exactly once`);
  const templates = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (templates.length === 0) throw new Error(`${path}: there is no template in it`);
  return templates;
}
