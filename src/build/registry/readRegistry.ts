// Reads models/registry.json, and finds a model in it.
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { type KnownModel, type Registry, RegistrySchema } from "./schema.ts";

export const REGISTRY = "models/registry.json";

/** @throws Error `<file>: <path>: <what>`; a source or layout that is named and not there is one of them */
export async function readRegistry(path = REGISTRY): Promise<Registry> {
  const parsed = v.safeParse(RegistrySchema, JSON.parse(await readFile(path, "utf8")));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new Error(`${path}: ${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
  }
  const { sources, layouts, models } = parsed.output;
  const ids = new Set<string>();
  for (const model of models) {
    if (ids.has(model.id)) throw new Error(`${path}: ${model.id} is there twice`);
    ids.add(model.id);
    if (!(model.layout in layouts)) throw new Error(`${path}: ${model.id}: there is no layout ${model.layout}`);
    const { licence, params, logit, imagenet, coco, flickr30k } = model;
    for (const each of [licence, params, logit, imagenet, coco, flickr30k])
      if (each && !(each.source in sources)) throw new Error(`${path}: ${model.id}: there is no source ${each.source}`);
  }
  return parsed.output;
}

/** @throws Error that names what is alike */
export function findModel({ models }: Registry, id: string): KnownModel {
  const found = models.find((model) => model.id === id);
  if (found) return found;
  const alike = models.map((model) => model.id).filter((known) => known.includes(id) || id.includes(known));
  const which = alike.length > 0 ? `Did you mean ${alike.join(" or ")}?` : "`npm run models -- list` shows them.";
  throw new Error(`${REGISTRY} knows no model ${id}. ${which}`);
}
