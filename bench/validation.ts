// Validation pictures of the data pack: tar shards of one index (JSON lines) and one file of pictures end to end.
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

export interface ValidationPicture {
  bytes: Uint8Array<ArrayBuffer>;
  label: string;
}

export async function* readValidation(dir: string): AsyncGenerator<ValidationPicture> {
  const shards = (await readdir(dir)).filter((name) => /^shard-\d+\.tar$/.test(name)).sort();
  for (const shard of shards) {
    const files = untar(new Uint8Array(await readFile(join(dir, shard))));
    const stem = shard.slice(0, -".tar".length);
    const pictures = files.get(`${stem}.bin`) ?? new Uint8Array();
    for (const line of new TextDecoder().decode(files.get(`${stem}.jsonl`)).split("\n")) {
      if (!line.includes('"val"')) continue;
      const record: { o: number; n: number; label?: string; split?: string } = JSON.parse(line);
      if (record.split === "val" && record.label)
        yield { bytes: pictures.slice(record.o, record.o + record.n), label: record.label };
    }
  }
}
