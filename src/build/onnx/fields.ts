// The fields of protobuf messages inside a file, long ones by their place alone: an ONNX model may be larger than memory.
// Encoding: https://protobuf.dev/programming-guides/encoding/
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

export interface Field {
  /** Field number. */
  no: number;
  /** Wire type: 0 is a varint, 2 bytes or packed numbers. */
  wire: number;
  /** A varint, or the bits of a fixed32; 0n for the others. */
  value: bigint;
  /** Where the contents lie in the file. */
  start: number;
  end: number;
}

const WINDOW_BYTES = 1 << 16;

export class ProtoFile {
  readonly path: string;
  readonly size: number;
  readonly #file: number;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #from = 0;
  #held = 0;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "r");
    this.size = fstatSync(this.#file).size;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** @throws Error when the file ends before */
  bytes(start: number, end: number): Uint8Array<ArrayBuffer> {
    if (start < 0 || end < start || end > this.size) throw new Error(`${this.path}: ends early`);
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(this.#file, bytes, at, bytes.length - at, start + at);
      if (read === 0) throw new Error(`${this.path}: ends early`);
      at += read;
    }
    return bytes;
  }

  text({ start, end }: Field): string {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes(start, end));
  }

  /** @throws Error for what is no protobuf message */
  *fields(start = 0, end = this.size): Generator<Field> {
    let at = start;
    while (at < end) {
      const [tag, afterTag] = this.varint(at, end);
      const no = Number(tag >> 3n);
      const wire = Number(tag & 7n);
      let value = 0n;
      let from = afterTag;
      let to = afterTag;
      if (wire === 0) [value, to] = this.varint(afterTag, end);
      else if (wire === 1) to = afterTag + 8;
      else if (wire === 5) {
        to = afterTag + 4;
        for (let i = 3; i >= 0; i--) value = (value << 8n) | BigInt(this.#byte(afterTag + i, end));
      } else if (wire === 2) {
        const [length, contents] = this.varint(afterTag, end);
        from = contents;
        to = contents + Number(length);
      } else throw new Error(`${this.path}: is no ONNX model (wire type ${wire} at byte ${at})`);
      if (no === 0 || to > end) throw new Error(`${this.path}: is no ONNX model (byte ${at})`);
      yield { no, wire, value, start: from, end: to };
      at = to;
    }
  }

  /** @returns the number, signed as int64, and where it ends */
  varint(start: number, end: number): [bigint, number] {
    let value = 0n;
    for (let at = start; at < start + 10; at++) {
      const byte = this.#byte(at, end);
      value |= BigInt(byte & 127) << BigInt(7 * (at - start));
      if (byte < 128) return [BigInt.asIntN(64, value), at + 1];
    }
    throw new Error(`${this.path}: is no ONNX model (byte ${start})`);
  }

  #byte(at: number, end: number): number {
    if (at >= end) throw new Error(`${this.path}: ends early`);
    if (at < this.#from || at >= this.#from + this.#held) {
      this.#from = at;
      this.#held = readSync(this.#file, this.#window, 0, WINDOW_BYTES, at);
    }
    const byte = at < this.#from + this.#held ? this.#window[at - this.#from] : undefined;
    if (byte === undefined) throw new Error(`${this.path}: ends early`);
    return byte;
  }
}
