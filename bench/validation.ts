// Labelled pictures of the data pack, those of validation among them: tar shards of one index (JSON lines) and one file of pictures end to end.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const BLOCK = 512;

/** Files of a plain tar archive by name. */
function untar(archive: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const text = (from: number, length: number) =>
    new TextDecoder().decode(archive.subarray(from, from + length)).split("\0")[0] ?? "";
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    files.set(text(at, 100), archive.subarray(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

export interface LabelledPicture {
  bytes: Uint8Array<ArrayBuffer>;
  label: string;
  source: string;
  validation: boolean;
}

interface Record {
  o: number;
  n: number;
  label?: string;
  source: string;
  split?: string;
}

/** @param wanted of what the index says of a picture */
export async function* readLabelledPictures(
  dir: string,
  wanted: (picture: Omit<LabelledPicture, "bytes">) => boolean,
): AsyncGenerator<LabelledPicture> {
  const shards = (await readdir(dir)).filter((name) => /^shard-\d+\.tar$/.test(name)).sort();
  for (const shard of shards) {
    const files = untar(new Uint8Array(await readFile(join(dir, shard))));
    const stem = shard.slice(0, -".tar".length);
    const pictures = files.get(`${stem}.bin`) ?? new Uint8Array();
    for (const line of new TextDecoder()
      .decode(files.get(`${stem}.jsonl`))
      .trim()
      .split("\n")) {
      const { o, n, label, source, split }: Record = JSON.parse(line);
      if (!label) continue;
      const told = { label, source, validation: split === "val" };
      if (wanted(told)) yield { bytes: pictures.slice(o, o + n), ...told };
    }
  }
}

export const readValidation = (dir: string): AsyncGenerator<LabelledPicture> =>
  readLabelledPictures(dir, ({ validation }) => validation);
