// The files of a tar archive and where they lie in it, without reading them: ustar, GNU long names and pax paths.
import { type FileHandle, open } from "node:fs/promises";

const BLOCK = 512;
/** Of a header that carries a name; a hostile length must not become an allocation. */
const MAX_NAME_BYTES = 1 << 20;

export interface TarEntry {
  name: string;
  offset: number;
  size: number;
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await file.read(buffer, got, length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return buffer.subarray(0, got);
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).split("\0")[0] ?? "";

/** Octal digits, or base 256 where the first bit is set. */
function number(field: Uint8Array): number {
  if (((field[0] ?? 0) & 0x80) !== 0)
    return field.reduce((value, byte, at) => value * 256 + (at === 0 ? byte & 0x7f : byte), 0);
  return Number.parseInt(text(field).trim() || "0", 8);
}

/** `<length> path=<name>\n` among the records of a pax header. */
function paxPath(records: Uint8Array): string | undefined {
  let rest = records;
  while (rest.length > 0) {
    const space = rest.indexOf(0x20);
    const length = Number(new TextDecoder().decode(rest.subarray(0, Math.max(0, space))));
    if (space < 0 || !Number.isInteger(length) || length <= space || length > rest.length) return undefined;
    const [key, ...value] = new TextDecoder().decode(rest.subarray(space + 1, length - 1)).split("=");
    if (key === "path") return value.join("=");
    rest = rest.subarray(length);
  }
  return undefined;
}

/** @throws Error `<path>: <what>` at a header that is none, or at an end in the middle of a file */
export async function readTar(path: string): Promise<TarEntry[]> {
  const file = await open(path);
  try {
    const { size: total } = await file.stat();
    const entries: TarEntry[] = [];
    let longName: string | undefined;
    for (let at = 0; at + BLOCK <= total; ) {
      const header = await readAt(file, at, BLOCK);
      if (header[0] === 0) break;
      const size = number(header.subarray(124, 136));
      const sum = header.reduce((value, byte, i) => value + (i >= 148 && i < 156 ? 0x20 : byte), 0);
      if (number(header.subarray(148, 156)) !== sum || !Number.isSafeInteger(size))
        throw new Error(`${path}: there is no tar header at byte ${at}; is it compressed?`);
      const offset = at + BLOCK;
      if (offset + size > total) throw new Error(`${path}: ends in the middle of a file`);
      const type = String.fromCharCode(header[156] ?? 0);
      if ((type === "L" || type === "x") && size <= MAX_NAME_BYTES) {
        const content = await readAt(file, offset, size);
        longName = type === "L" ? text(content) : (paxPath(content) ?? longName);
      } else {
        const prefix = text(header.subarray(257, 262)) === "ustar" ? text(header.subarray(345, 500)) : "";
        const short = text(header.subarray(0, 100));
        if (type === "0" || type === "\0")
          entries.push({ name: longName ?? (prefix ? `${prefix}/${short}` : short), offset, size });
        longName = undefined;
      }
      at = offset + Math.ceil(size / BLOCK) * BLOCK;
    }
    return entries;
  } finally {
    await file.close();
  }
}

export async function readEntry(path: string, { offset, size }: TarEntry): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path);
  try {
    return await readAt(file, offset, size);
  } finally {
    await file.close();
  }
}
