// NDJSON as lines of bytes with their place, from a stream that is never held whole.
import { filled } from "../filled.ts";

const NEWLINE = 10;

export interface Line {
  /** Without the newline; undefined where the line is longer than is taken. */
  bytes: Uint8Array | undefined;
  /** Of the first byte, in bytes from the start of the stream. */
  offset: number;
  /** In bytes, the newline included where there is one. */
  length: number;
  /** From 1; blank lines count. */
  number: number;
}

/** Whether there is nothing but white space in it. */
const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 32 || byte === 13 || byte === 9);

/** The bytes of a line that arrives in pieces, given up once they are too many. */
class Pieces {
  #pieces: Uint8Array[] = [];
  length = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add(piece: Uint8Array): void {
    this.length += piece.length;
    if (this.length > this.#most) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  take(): Uint8Array | undefined {
    const [pieces, length] = [this.#pieces, this.length];
    [this.#pieces, this.length] = [[], 0];
    if (length > this.#most) return undefined;
    const [only, ...more] = pieces;
    if (only && more.length === 0) return only;
    return filled(new Uint8Array(length), pieces);
  }
}

/**
 * Blank lines are left out.
 * @param most bytes of a line
 */
export async function* linesOf(stream: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Line> {
  const pieces = new Pieces(most);
  let offset = 0;
  let number = 0;
  const ended = (newline: number): Line | undefined => {
    number++;
    const length = pieces.length + newline;
    const line = { bytes: pieces.take(), offset, length, number };
    offset += length;
    return line.bytes && isBlank(line.bytes) ? undefined : line;
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      pieces.add(chunk.subarray(start, end));
      start = end + 1;
      const line = ended(1);
      if (line) yield line;
    }
    // A copy, since the stream may use its buffer again.
    pieces.add(chunk.slice(start));
  }
  if (pieces.length > 0) {
    const line = ended(0);
    if (line) yield line;
  }
}
