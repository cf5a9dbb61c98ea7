// GIF's LZW (GIF89a, appendix F), as much at a time as is asked for.

const MAX_CODES = 4096;
const NONE = -1;

export class LzwReader {
  readonly #bytes: Uint8Array;
  readonly #clear: number;
  /** Code -> the code before it, and the index that it adds. */
  readonly #prefix = new Uint16Array(MAX_CODES);
  readonly #suffix = new Uint8Array(MAX_CODES);
  /** Indices that are decoded and not yet taken, last first. */
  readonly #stack = new Uint8Array(MAX_CODES + 1);
  #waiting = 0;
  #at: number;
  /** Bytes left in the sub-block. */
  #block = 0;
  #bits = 0;
  #bitCount = 0;
  #width: number;
  #codes: number;
  #previous = NONE;
  #first = 0;
  #ended: boolean;

  /** @param at where the minimum code size is */
  constructor(bytes: Uint8Array, at: number) {
    const size = bytes[at] ?? 0;
    this.#bytes = bytes;
    this.#at = at + 1;
    this.#ended = size < 1 || size > 8;
    this.#clear = 1 << size;
    this.#width = size + 1;
    this.#codes = this.#clear + 2;
    for (let index = 0; index < this.#clear; index++) this.#suffix[index] = index;
  }

  /** @returns how many indices were read: fewer than fit where the data ends or is damaged */
  read(indices: Uint8Array): number {
    let filled = 0;
    while (filled < indices.length && (this.#waiting > 0 || this.#decode())) {
      const count = Math.min(this.#waiting, indices.length - filled);
      for (let i = 0; i < count; i++) indices[filled++] = this.#stack[--this.#waiting] ?? 0;
    }
    return filled;
  }

  /** Puts the next code's indices onto the stack. */
  #decode(): boolean {
    while (!this.#ended) {
      const code = this.#nextCode();
      if (code === this.#clear) {
        this.#width = Math.log2(this.#clear) + 1;
        this.#codes = this.#clear + 2;
        this.#previous = NONE;
        continue;
      }
      // A code may be at most the one that this very step defines.
      const unknown = this.#previous === NONE ? code > this.#clear : code > this.#codes;
      if (code === NONE || code === this.#clear + 1 || unknown) break;
      this.#unfold(code);
      return true;
    }
    this.#ended = true;
    return false;
  }

  #unfold(code: number): void {
    const repeats = code === this.#codes;
    let at = repeats ? this.#previous : code;
    if (repeats) this.#stack[this.#waiting++] = this.#first;
    while (at > this.#clear) {
      this.#stack[this.#waiting++] = this.#suffix[at] ?? 0;
      at = this.#prefix[at] ?? 0;
    }
    this.#first = at;
    this.#stack[this.#waiting++] = at;
    if (this.#previous !== NONE && this.#codes < MAX_CODES) {
      this.#prefix[this.#codes] = this.#previous;
      this.#suffix[this.#codes] = this.#first;
      this.#codes++;
      if (this.#codes === 1 << this.#width && this.#width < 12) this.#width++;
    }
    this.#previous = code;
  }

  /** @returns NONE at the end of the data */
  #nextCode(): number {
    while (this.#bitCount < this.#width) {
      if (this.#block === 0) this.#block = this.#bytes[this.#at++] ?? 0;
      if (this.#block === 0 || this.#at >= this.#bytes.length) return NONE;
      this.#block--;
      this.#bits |= (this.#bytes[this.#at++] ?? 0) << this.#bitCount;
      this.#bitCount += 8;
    }
    const code = this.#bits & ((1 << this.#width) - 1);
    this.#bits >>>= this.#width;
    this.#bitCount -= this.#width;
    return code;
  }
}
