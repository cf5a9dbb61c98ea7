// A stream of frames: a line of JSON that says how many bytes follow it, and these bytes. What lines of a batch travel in, as
// pixels to a backend that pulls and as vectors back.
import { filled } from "../filled.ts";
import { Problem } from "../problem.ts";

const NEWLINE = 10;
const MAX_HEADER_BYTES = 64 * 1024;

export interface Frame {
  /** Without `bytes`, which is the payload's length. */
  header: Record<string, unknown>;
  payload: Uint8Array<ArrayBuffer>;
}

export const FRAMES = "application/vnd.edgeclip.frames";

const broken = (message: string): Problem => new Problem("invalid_request", `The stream of frames ${message}.`);

/** @param payload one after the other */
export function encodeFrame(header: object, payload: readonly Uint8Array[] = []): Uint8Array<ArrayBuffer> {
  const bytes = payload.reduce((sum, part) => sum + part.length, 0);
  const line = new TextEncoder().encode(`${JSON.stringify({ ...header, bytes })}\n`);
  return filled(new Uint8Array(line.length + bytes), [line, ...payload]);
}

function headerOf(line: Uint8Array): { header: Record<string, unknown>; bytes: number } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(line));
  } catch (cause) {
    throw new Problem("invalid_request", "The stream of frames has a header that is no JSON.", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw broken("has a header that is no object");
  const { bytes, ...header }: { bytes?: unknown } = value;
  if (typeof bytes !== "number" || !Number.isInteger(bytes) || bytes < 0)
    throw broken("has a header that does not say its bytes");
  return { header, bytes };
}

/** Takes a stream apart at places that are known only as it arrives. */
class Reader {
  readonly #stream: AsyncIterator<Uint8Array>;
  #held = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  /** @returns whether there was more */
  async #more(): Promise<boolean> {
    const { value, done } = await this.#stream.next();
    if (done) return false;
    const joined = new Uint8Array(this.#held.length + value.length);
    joined.set(this.#held);
    joined.set(value, this.#held.length);
    this.#held = joined;
    return true;
  }

  #take(length: number): Uint8Array {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  /** @returns undefined at the end of the stream */
  async line(): Promise<Uint8Array | undefined> {
    for (;;) {
      const end = this.#held.indexOf(NEWLINE);
      if (end > MAX_HEADER_BYTES || (end < 0 && this.#held.length > MAX_HEADER_BYTES))
        throw broken("has a header that is too long");
      if (end >= 0) return this.#take(end + 1).subarray(0, end);
      if (await this.#more()) continue;
      if (this.#held.length > 0) throw broken("ends within a header");
      return undefined;
    }
  }

  async bytes(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const parts = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      if (this.#held.length === 0 && !(await this.#more())) throw broken("ends within a frame");
      const part = this.#take(Math.min(length - at, this.#held.length));
      parts.set(part, at);
      at += part.length;
    }
    return parts;
  }

  /** Nothing more is read. */
  async close(): Promise<void> {
    await this.#stream.return?.();
  }
}

/**
 * @param most bytes of one payload
 * @throws Problem `invalid_request`, `body_too_large`
 */
export async function* readFrames(stream: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Frame> {
  const reader = new Reader(stream);
  try {
    for (let line = await reader.line(); line; line = await reader.line()) {
      const { header, bytes } = headerOf(line);
      if (bytes > most) throw new Problem("body_too_large", `A frame may have ${most} bytes.`);
      yield { header, payload: await reader.bytes(bytes) };
    }
  } finally {
    await reader.close();
  }
}
