// Bytes of an open file, all of those asked for or an error.
import { readSync } from "node:fs";

/** @param path named in the error */
export function readExactly(path: string, file: number, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const read = readSync(file, bytes, at, Math.min(length - at, 2 ** 30), position + at);
    if (read === 0) throw new Error(`${path}: ends before its header says so`);
    at += read;
  }
  return bytes;
}
