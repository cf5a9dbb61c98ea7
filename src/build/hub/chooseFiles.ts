// Which files of a repository make a checkpoint, by the layout that the registry names.
import type { Layout } from "../registry/schema.ts";

const INDEX = ".index.json";

export interface Choice {
  paths: string[];
  /** An index of shards, whose own files are known once it is here. */
  index: string | undefined;
}

/** @throws Error that lists what the repository has instead */
export function chooseFiles(repo: string, files: ReadonlySet<string>, layout: Layout): Choice {
  const fail = (what: string) => {
    const has = [...files].filter((path) => !path.startsWith(".")).sort();
    return new Error(`${repo} has no ${what}. It has ${has.slice(0, 20).join(", ")}.`);
  };
  const missing = layout.files.find((path) => !files.has(path));
  if (missing !== undefined) throw fail(missing);
  const chosen = layout.one_of.flatMap((alternatives) => {
    const found = alternatives.find((paths) => paths.every((path) => files.has(path)));
    if (!found) throw fail(alternatives.map((paths) => paths.join(" with ")).join(" or "));
    return found;
  });
  const paths = [...layout.files, ...chosen, ...layout.optional.filter((path) => files.has(path))];
  // ONNX keeps what is past 2 GB beside the graph.
  const data = paths.map((path) => `${path}_data`).filter((path) => files.has(path));
  return { paths: [...paths, ...data], index: chosen.find((path) => path.endsWith(INDEX)) };
}

/**
 * @param json of `model.safetensors.index.json`: `{weight_map: {<tensor>: <file>}}`
 * @throws Error when a shard's name leads anywhere but beside the index
 */
export function shardsOf(index: string, json: unknown): string[] {
  const map = typeof json === "object" && json !== null && "weight_map" in json ? json.weight_map : undefined;
  if (typeof map !== "object" || map === null) throw new Error(`${index}: there is no weight_map in it`);
  const folder = index.slice(0, index.lastIndexOf("/") + 1);
  const names = new Set(Object.values(map));
  return [...names].map((name) => {
    if (typeof name !== "string" || !/^[\w-][\w.-]*$/.test(name))
      throw new Error(`${index}: ${JSON.stringify(name)} is no name of a shard`);
    return folder + name;
  });
}
