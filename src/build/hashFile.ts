// Hashes of files of any size, read in pieces.
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

const PIECE_BYTES = 1 << 20;

async function digest(path: string, hash: Hash, read?: (bytes: number) => void): Promise<string> {
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    if (!(piece instanceof Uint8Array)) throw new TypeError(`${path} is read as text`);
    hash.update(piece);
    read?.(piece.byteLength);
  }
  return hash.digest("hex");
}

/** @returns SHA-256 in hexadecimal */
export const sha256Of = (path: string, read?: (bytes: number) => void): Promise<string> =>
  digest(path, createHash("sha256"), read);

/** @returns what Git calls a file of this content: SHA-1 in hexadecimal, its length hashed first */
export const gitBlobOf = async (path: string): Promise<string> =>
  digest(path, createHash("sha1").update(`blob ${(await stat(path)).size}\0`));
