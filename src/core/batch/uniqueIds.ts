// Whether an id of a batch was there before, in 8 bytes an id: millions of them do not fit a Set.

const FIRST_SLOTS = 1 << 12;
/** Of the slots; then there are twice as many. */
const FULL = 0.6;

/** FNV-1a with a seed and a last mixing (murmur3's), over UTF-16 units. */
function hash32(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Ids are told apart by 64 bits of hashes under secret seeds: of two million distinct ones, two are taken for the same
 * once in ten million batches.
 */
export class UniqueIds {
  /** Pairs of hashes; zeros are free. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #count = 0;
  readonly #seeds = crypto.getRandomValues(new Uint32Array(2));

  /** @returns whether the id is new */
  add(id: string): boolean {
    const [a = 0, b = 0] = this.#seeds;
    if (!this.#put(hash32(id, a) || 1, hash32(id, b))) return false;
    if (++this.#count > (FULL * this.#slots.length) / 2) this.#grow();
    return true;
  }

  #put(high: number, low: number): boolean {
    const mask = this.#slots.length / 2 - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const kept = this.#slots[2 * slot];
      if (kept === 0) {
        this.#slots.set([high, low], 2 * slot);
        return true;
      }
      if (kept === high && this.#slots[2 * slot + 1] === low) return false;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(2 * before.length);
    for (let at = 0; at < before.length; at += 2) {
      const high = before[at] ?? 0;
      if (high !== 0) this.#put(high, before[at + 1] ?? 0);
    }
  }
}
