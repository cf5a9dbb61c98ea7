// Reads tensors of a safetensors file one at a time, so that memory is bounded by the largest of them.
// The format: https://github.com/huggingface/safetensors#format
import { closeSync, fstatSync, openSync } from "node:fs";
import * as v from "valibot";
import { DTYPE_BYTES, type Dtype, isFloatDtype, toFloats } from "./dtype.ts";
import { readExactly } from "./readExactly.ts";
import type { TensorSource } from "./tensorSource.ts";

/** As the reference implementation bounds it. */
const MAX_HEADER = 100_000_000;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const EntrySchema = v.object({
  dtype: v.picklist(Object.keys(DTYPE_BYTES) as Dtype[]),
  shape: v.array(count),
  data_offsets: v.tuple([count, count]),
});
type Entry = v.InferOutput<typeof EntrySchema>;

/** An open safetensors file. */
export class Safetensors implements TensorSource {
  readonly #file: number;
  readonly #path: string;
  readonly #start: number;
  readonly #entries: Map<string, Entry>;

  private constructor(path: string, file: number, start: number, entries: Map<string, Entry>) {
    this.#path = path;
    this.#file = file;
    this.#start = start;
    this.#entries = entries;
  }

  /** @throws Error naming the file and what is wrong with its header */
  static open(path: string): Safetensors {
    const file = openSync(path, "r");
    try {
      const { start, entries } = readHeader(path, file);
      return new Safetensors(path, file, start, entries);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  shape(name: string): number[] {
    return [...this.#entry(name).shape];
  }

  isFloat(name: string): boolean {
    return isFloatDtype(this.#entry(name).dtype);
  }

  /** @returns the tensor in fp32, row-major. @throws Error when it has another shape */
  read(name: string, shape: readonly number[]): Float32Array<ArrayBuffer> {
    const entry = this.#entry(name);
    if (entry.shape.join() !== shape.join()) {
      throw new Error(`${this.#path}: ${name} has the shape [${entry.shape}], the configuration asks for [${shape}]`);
    }
    const [begin, end] = entry.data_offsets;
    if (!isFloatDtype(entry.dtype))
      throw new Error(`${this.#path}: ${name} is ${entry.dtype}, no floating point tensor`);
    return toFloats(entry.dtype, readExactly(this.#path, this.#file, this.#start + begin, end - begin));
  }

  close(): void {
    closeSync(this.#file);
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`${this.#path}: there is no tensor ${name}`);
    return entry;
  }
}

function readHeader(path: string, file: number): { start: number; entries: Map<string, Entry> } {
  const { size } = fstatSync(file);
  if (size < 8) throw new Error(`${path}: too short for a safetensors file`);
  const length = Number(new DataView(readExactly(path, file, 0, 8).buffer).getBigUint64(0, true));
  if (length > MAX_HEADER || 8 + length > size)
    throw new Error(`${path}: a header of ${length} bytes does not fit the file`);
  let json: unknown;
  try {
    json = JSON.parse(
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(readExactly(path, file, 8, length)),
    );
  } catch (cause) {
    throw new Error(`${path}: the header is not JSON`, { cause });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new Error(`${path}: the header is no object`);
  const start = 8 + length;
  const entries = new Map<string, Entry>();
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") continue;
    const parsed = v.safeParse(EntrySchema, value);
    if (!parsed.success)
      throw new Error(`${path}: ${name}: ${v.getDotPath(parsed.issues[0]) ?? "entry"}: ${parsed.issues[0].message}`);
    const { dtype, shape, data_offsets } = parsed.output;
    const bytes = shape.reduce((product, dim) => product * dim, DTYPE_BYTES[dtype]);
    const [begin, end] = data_offsets;
    if (end - begin !== bytes || start + end > size)
      throw new Error(`${path}: ${name}: offsets do not fit its shape and the file`);
    entries.set(name, parsed.output);
  }
  let at = 0;
  for (const [name, { data_offsets }] of [...entries].sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0])) {
    if (data_offsets[0] !== at) throw new Error(`${path}: ${name}: its bytes overlap others or leave a gap`);
    at = data_offsets[1];
  }
  return { start, entries };
}
