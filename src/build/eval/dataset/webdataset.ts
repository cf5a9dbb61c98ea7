// Webdataset shards: files of a tar that share a name up to its first dot are one sample (`.jpg`, `.cls`, `.txt`, `.json`).
import { PICTURE, type Sample } from "./sample.ts";
import { readEntry, readTar, type TarEntry } from "./tar.ts";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim();

/** What `.json` of a sample may say: `label`, `caption` or `captions`. */
function fromJson(name: string, text: string): { label?: string; captions: string[] } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${name}: not JSON`, { cause });
  }
  if (typeof json !== "object" || json === null) throw new Error(`${name}: no object`);
  const fields = new Map(Object.entries(json));
  const label = fields.get("label");
  const told = [fields.get("captions") ?? fields.get("caption") ?? []].flat();
  const captions = told.filter((caption) => typeof caption === "string" && caption.trim() !== "");
  return { ...(label === undefined || label === null ? {} : { label: String(label) }), captions };
}

/** @param paths of shards. @throws Error naming shard and file */
export async function readWebdataset(paths: readonly string[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const path of paths) {
    const groups = new Map<string, TarEntry[]>();
    for (const entry of await readTar(path)) {
      const slash = entry.name.lastIndexOf("/") + 1;
      const dot = entry.name.indexOf(".", slash);
      // A dot file is none of the data.
      if (dot <= slash) continue;
      const key = entry.name.slice(0, dot);
      groups.set(key, [...(groups.get(key) ?? []), entry]);
    }
    for (const [key, entries] of groups) {
      const picture = entries.find(({ name }) => PICTURE.test(name));
      if (!picture) continue;
      const side = async (extension: string): Promise<string | undefined> => {
        const entry = entries.find(({ name }) => name.slice(key.length) === extension);
        return entry ? decode(await readEntry(path, entry)) : undefined;
      };
      const json = await side(".json");
      const told = json === undefined ? { captions: [] } : fromJson(`${path}: ${key}.json`, json);
      const caption = await side(".txt");
      const label = (await side(".cls")) ?? told.label;
      samples.push({
        name: picture.name,
        label: label === "" ? undefined : label,
        captions: caption ? [caption, ...told.captions.filter((each) => each !== caption)] : told.captions,
        read: () => readEntry(path, picture),
      });
    }
  }
  if (samples.length === 0) throw new Error(`${paths.join(", ")}: there is no picture in it`);
  return samples;
}
