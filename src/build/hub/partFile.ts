// A file that is being downloaded in pieces: `<path>.part` with its bytes in place, `<path>.part.json` with what of it is here.
import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as v from "valibot";

const StateSchema = v.object({
  etag: v.string(),
  bytes: v.number(),
  chunk: v.number(),
  validator: v.nullable(v.string()),
  done: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
});

export interface Chunk {
  index: number;
  /** First and last byte, both included, as Range counts. */
  from: number;
  to: number;
}

interface Source {
  bytes: number;
  etag: string;
}

export class PartFile {
  /** The delivering host's own strong etag: with If-Range it keeps two versions from being mixed. */
  validator: string | null;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #source: Source;
  readonly #chunkBytes: number;
  readonly #done: Set<number>;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, source: Source, chunkBytes: number, found: Found) {
    this.#path = path;
    this.#file = file;
    this.#source = source;
    this.#chunkBytes = chunkBytes;
    this.validator = found.validator;
    this.#done = new Set(found.done);
  }

  /** Takes up what an earlier download of the same content left. */
  static async open(path: string, source: Source, chunkBytes: number): Promise<PartFile> {
    await mkdir(dirname(path), { recursive: true });
    const found = await readState(`${path}.part.json`, source, chunkBytes);
    const file = await open(`${path}.part`, found.done.length > 0 ? "r+" : "w").catch(() => undefined);
    const fresh = { validator: null, done: [] };
    const handle = file ?? (await open(`${path}.part`, "w"));
    return new PartFile(path, handle, source, chunkBytes, file ? found : fresh);
  }

  #chunk(index: number): Chunk {
    const from = index * this.#chunkBytes;
    return { index, from, to: Math.min(from + this.#chunkBytes, this.#source.bytes) - 1 };
  }

  get #chunks(): Chunk[] {
    return Array.from({ length: Math.ceil(this.#source.bytes / this.#chunkBytes) }, (_, index) => this.#chunk(index));
  }

  missing(): Chunk[] {
    return this.#chunks.filter(({ index }) => !this.#done.has(index));
  }

  /** Bytes of whole chunks that are here. */
  get bytes(): number {
    return this.#chunks.reduce((sum, { index, from, to }) => sum + (this.#done.has(index) ? to - from + 1 : 0), 0);
  }

  async write(piece: Uint8Array, at: number): Promise<void> {
    let written = 0;
    while (written < piece.byteLength)
      written += (await this.#file.write(piece, written, piece.byteLength - written, at + written)).bytesWritten;
  }

  async complete({ index }: Chunk): Promise<void> {
    this.#done.add(index);
    await this.#save();
  }

  /** Forgets everything: the source is not what it was. */
  async reset(): Promise<void> {
    this.#done.clear();
    this.validator = null;
    await this.#file.truncate(0);
    await this.#save();
  }

  /** Gives the file its own name. */
  async finish(): Promise<void> {
    await this.close();
    await rename(`${this.#path}.part`, this.#path);
    await rm(`${this.#path}.part.json`, { force: true });
  }

  /** Leaves nothing behind: its content is not what it should be. */
  async discard(): Promise<void> {
    await this.close();
    await Promise.all([`${this.#path}.part`, `${this.#path}.part.json`].map((each) => rm(each, { force: true })));
  }

  async close(): Promise<void> {
    await this.#saving;
    await this.#file.close();
  }

  /** One at a time, and never half written. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      await this.#file.datasync();
      const { etag, bytes } = this.#source;
      const state = { etag, bytes, chunk: this.#chunkBytes, validator: this.validator, done: [...this.#done] };
      const path = `${this.#path}.part.json`;
      await writeFile(`${path}.new`, JSON.stringify(state));
      await rename(`${path}.new`, path);
    });
    return this.#saving;
  }
}

type Found = Pick<v.InferOutput<typeof StateSchema>, "validator" | "done">;

/** What is unreadable or of another content counts as nothing. */
async function readState(path: string, { bytes, etag }: Source, chunkBytes: number): Promise<Found> {
  const nothing = { validator: null, done: [] };
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return nothing;
  try {
    const state = v.parse(StateSchema, JSON.parse(text));
    return state.etag === etag && state.bytes === bytes && state.chunk === chunkBytes ? state : nothing;
  } catch {
    return nothing;
  }
}
