// The backends that a deployment names, each asked what it serves before it is given anything.
import { backendUrls } from "../../core/oip/backendUrls.ts";
import { type BackendFetch, infer, type ModelMetadata, readModel } from "../../core/oip/client.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { Problem } from "../../core/problem.ts";
import { pixelsOf, vectorsOf } from "./pixels.ts";

export interface BackendEnv {
  /** Of OIP v2 servers, separated by commas, each what is in front of `/v2`. Without it the vision Worker encodes. */
  BACKEND_URLS?: string;
  /** Sent to each as `Authorization: Bearer <key>`. */
  BACKEND_KEY?: string;
  /** `edge`: while all backends are down, the vision Worker encodes. Without it the work waits. */
  BACKEND_FALLBACK?: string;
  /** Of OIP v2 servers with the big model, in the same way; the edge has nothing to fall back on for it. */
  BIG_BACKEND_URLS?: string;
}

const MODEL = "vision";
/** Longer than a backend lets a request wait by default. */
export const TIMEOUT_MS = 45_000;
/** Of one request: it lies in memory twice while it is sent. */
const REQUEST_BYTES = 8 * 2 ** 20;
/** Where a server does not tell how much it takes. */
const USUAL_PICTURES = 8;

/** Of one whose answers do not tell which pack they are of. */
const BELIEVED_MS = 60_000;

const unfit = (detail: string): Problem => new Problem("backend_unavailable", detail);

/** One backend, as far as this isolate knows it. */
export class PixelBackend {
  readonly #ask: readonly [BackendFetch, { url: string; key: string | undefined; timeoutMs: number }, string];
  #known: ModelMetadata | undefined;
  /** Milliseconds since 1970. */
  #knownUntil = 0;

  constructor(fetch: BackendFetch, url: string, key: string | undefined) {
    this.#ask = [fetch, { url, key, timeoutMs: TIMEOUT_MS }, MODEL];
  }

  /**
   * @returns how many pictures of the manifest's size one request may hold
   * @throws Problem `space_mismatch` of a backend whose vectors are none of this deployment's, `backend_unavailable`
   */
  async room({ space, image: { size } }: Manifest): Promise<number> {
    const now = Date.now();
    if (!this.#known || now >= this.#knownUntil) {
      this.#known = await readModel(...this.#ask);
      this.#knownUntil = this.#known.configured ? now + BELIEVED_MS : Number.POSITIVE_INFINITY;
    }
    const { parameters } = this.#known;
    if (parameters.space !== space) {
      this.#known = undefined;
      const serves =
        parameters.space === undefined ? "does not tell its space" : `serves the space ${parameters.space}`;
      throw new Problem("space_mismatch", `The backend ${serves}; this deployment's is ${space}.`);
    }
    const fits = Math.floor(REQUEST_BYTES / (size * size * 3));
    return Math.max(1, Math.min(Math.floor(parameters.max_pictures ?? USUAL_PICTURES), fits));
  }

  /**
   * @param squares no more than there is room for
   * @returns unit vectors [D], in order
   * @throws Problem `backend_unavailable`, and those with which the backend refuses the request
   */
  async encode(manifest: Manifest, squares: readonly Uint8Array[]): Promise<Float32Array[]> {
    const { version, outputs } = await infer(...this.#ask, [pixelsOf(manifest, squares)]);
    // It was started again with another pack, maybe of another space.
    if (version === undefined || !this.#known?.versions.includes(version)) {
      this.#known = undefined;
      throw unfit(`The backend serves another version (${version}) than it told.`);
    }
    const [embedding] = outputs;
    if (embedding?.datatype !== "FP32" || embedding.data.length !== squares.length * manifest.embed_dim)
      throw unfit(`The backend answered with no vectors of width ${manifest.embed_dim}.`);
    return vectorsOf(manifest, embedding.data);
  }
}

/** @throws Problem `backend_unavailable` naming the variable that is wrong */
export function readBackends(env: BackendEnv, fetch: BackendFetch): { backends: PixelBackend[]; fallback: boolean } {
  const { BACKEND_URLS = "", BACKEND_KEY, BACKEND_FALLBACK = "" } = env;
  if (BACKEND_FALLBACK !== "" && BACKEND_FALLBACK !== "edge")
    throw unfit("BACKEND_FALLBACK is edge, or not there at all.");
  const backends = backendUrls(BACKEND_URLS).map((url) => new PixelBackend(fetch, url, BACKEND_KEY || undefined));
  return { backends, fallback: BACKEND_FALLBACK === "edge" };
}
