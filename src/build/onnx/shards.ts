// Weights on their way to disk: ONNX external data, tensor behind tensor, cut into shards.
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ExternalRef } from "./encode.ts";

/** Cloudflare's limit of one static asset is 25 MiB. */
export const EDGE_SHARD_BYTES = 25 * 2 ** 20;
/** Where ONNX Runtime maps a file, offsets on pages of 4 KiB load fastest; 64 suffices where it copies, and wastes less. */
const ALIGNMENT = 64;

/** A tensor's place in a shard. */
export interface Room {
  reference: ExternalRef;
  /** @param at bytes behind its start */
  write(at: number, bytes: Uint8Array): void;
}

export class ShardWriter {
  readonly names: string[] = [];
  readonly #dir: string;
  readonly #prefix: string;
  readonly #limit: number;
  readonly #files: number[] = [];
  #offset = 0;

  /** @param limit bytes of a shard; a tensor that alone is larger is refused, except under no limit (Infinity) */
  constructor(dir: string, prefix: string, limit: number) {
    this.#dir = dir;
    this.#prefix = prefix;
    this.#limit = limit;
  }

  /** Room for the next tensor, which may be filled in any order and while others are. */
  reserve(tensor: string, length: number): Room {
    if (length > this.#limit) {
      throw new Error(`${tensor} has ${length} bytes, more than a shard of ${this.#limit} may hold`);
    }
    const aligned = Math.ceil(this.#offset / ALIGNMENT) * ALIGNMENT;
    if (this.#files.length === 0 || aligned + length > this.#limit) this.#next();
    const offset = Math.ceil(this.#offset / ALIGNMENT) * ALIGNMENT;
    this.#offset = offset + length;
    const [location, file] = [this.names.at(-1) ?? "", this.#files.at(-1)];
    return {
      reference: { location, offset, length },
      write(start, bytes) {
        if (file === undefined || start + bytes.byteLength > length)
          throw new RangeError(`${tensor} has ${length} bytes, ${start + bytes.byteLength} come`);
        for (let at = 0; at < bytes.byteLength; )
          at += writeSync(file, bytes, at, bytes.byteLength - at, offset + start + at);
      },
    };
  }

  close(): void {
    for (const file of this.#files.splice(0)) closeSync(file);
  }

  #next(): void {
    const name = `${this.#prefix}.${this.names.length}.bin`;
    rmSync(join(this.#dir, name), { force: true });
    this.#files.push(openSync(join(this.#dir, name), "wx"));
    this.names.push(name);
    this.#offset = 0;
  }
}
