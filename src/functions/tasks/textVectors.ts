// Vectors of free texts from the text Worker, each text once: kept in the isolate by (space, text).
import type { Manifest } from "../../core/pack/manifest.ts";
import { Problem } from "../../core/problem.ts";
import { batch } from "../../core/text/batch.ts";
import type { Tokens } from "../../core/text/tokenizer.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { MAX_TOKENS } from "../oip/limits.ts";
import { infer } from "../parts/infer.ts";

/** Bytes of vectors that an isolate keeps. */
const CACHE_BYTES = 8 * 2 ** 20;

interface Encoded {
  /** unit vector [D] */
  vector: Float32Array;
  truncated: boolean;
}

export class TextVectors {
  readonly #cache = new Map<string, Encoded>();
  #bytes = 0;

  /** @returns one entry a text, in order. @throws Problem `text_unavailable` */
  async encode(
    worker: Fetcher | undefined,
    { manifest, tokenize }: Deployment,
    texts: readonly string[],
  ): Promise<Encoded[]> {
    if (!worker)
      throw new Problem(
        "text_unavailable",
        "This deployment has no text tower: texts cannot be encoded, banks can be asked with.",
      );
    const key = (text: string) => `${manifest.space} ${text}`;
    const known = new Map<string, Encoded>();
    const missing = new Map<string, Tokens>();
    for (const text of texts) {
      const kept = this.#cache.get(key(text));
      if (kept) known.set(text, kept);
      else if (!missing.has(text)) missing.set(text, tokenize(text));
    }
    for (const part of calls([...missing])) {
      const { input_ids: data, dims: shape } = batch(part.map(([, tokens]) => tokens));
      const vectors = await infer(worker, "text", manifest, { name: "input_ids", datatype: "INT32", shape, data });
      for (const [row, [text, { truncated }]] of part.entries()) {
        const encoded = { vector: vectors.slice(row * manifest.embed_dim, (row + 1) * manifest.embed_dim), truncated };
        known.set(text, encoded);
        this.#keep(key(text), encoded, manifest);
      }
    }
    return texts.flatMap((text) => known.get(text) ?? []);
  }

  #keep(key: string, encoded: Encoded, { embed_dim }: Manifest): void {
    // Another request asked for the same at once, and was faster.
    if (this.#cache.has(key)) return;
    this.#cache.set(key, encoded);
    this.#bytes += embed_dim * 4 + key.length * 2;
    for (const [oldest] of this.#cache) {
      if (this.#bytes <= CACHE_BYTES) break;
      this.#cache.delete(oldest);
      this.#bytes -= embed_dim * 4 + oldest.length * 2;
    }
  }
}

/** Parts of the list whose padded size stays within one call. */
function* calls(texts: [string, Tokens][]): Generator<[string, Tokens][]> {
  let part: [string, Tokens][] = [];
  let width = 0;
  for (const text of texts) {
    const wider = Math.max(width, text[1].length);
    if (part.length > 0 && wider * (part.length + 1) > MAX_TOKENS) {
      yield part;
      part = [];
    }
    width = part.length === 0 ? text[1].length : wider;
    part.push(text);
  }
  if (part.length > 0) yield part;
}
