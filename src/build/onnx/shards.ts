// Weights on their way to disk: ONNX external data, appended tensor by tensor and cut into shards.
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ExternalRef } from "./encode.ts";

/** Cloudflare's limit of one static asset is 25 MiB. */
export const EDGE_SHARD_BYTES = 25 * 2 ** 20;
/** Where ONNX Runtime maps a file, offsets on pages of 4 KiB load fastest; 64 suffices where it copies, and wastes less. */
const ALIGNMENT = 64;

export class ShardWriter {
  readonly names: string[] = [];
  readonly #dir: string;
  readonly #prefix: string;
  readonly #limit: number;
  #file: number | undefined;
  #offset = 0;

  /** @param limit bytes of a shard; a tensor that alone is larger is refused, except under no limit (Infinity) */
  constructor(dir: string, prefix: string, limit: number) {
    this.#dir = dir;
    this.#prefix = prefix;
    this.#limit = limit;
  }

  append(tensor: string, bytes: Uint8Array): ExternalRef {
    if (bytes.byteLength > this.#limit) {
      throw new Error(`${tensor} has ${bytes.byteLength} bytes, more than a shard of ${this.#limit} may hold`);
    }
    const aligned = Math.ceil(this.#offset / ALIGNMENT) * ALIGNMENT;
    if (this.#file === undefined || aligned + bytes.byteLength > this.#limit) this.#next();
    const offset = Math.ceil(this.#offset / ALIGNMENT) * ALIGNMENT;
    this.#write(new Uint8Array(offset - this.#offset));
    this.#write(bytes);
    return { location: this.names.at(-1) ?? "", offset, length: bytes.byteLength };
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #next(): void {
    this.close();
    const name = `${this.#prefix}.${this.names.length}.bin`;
    rmSync(join(this.#dir, name), { force: true });
    this.#file = openSync(join(this.#dir, name), "wx");
    this.names.push(name);
    this.#offset = 0;
  }

  #write(bytes: Uint8Array): void {
    if (this.#file === undefined) return;
    for (let at = 0; at < bytes.byteLength; ) at += writeSync(this.#file, bytes, at);
    this.#offset += bytes.byteLength;
  }
}
