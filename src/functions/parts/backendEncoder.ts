// Pictures encoded on the backends that a deployment names; while all of them are down the work waits, or the vision Worker does it.
import type { BackendFetch } from "../../core/oip/client.ts";
import { Pool } from "../../core/oip/pool.ts";
import { Problem } from "../../core/problem.ts";
import { log } from "../log/log.ts";
import { type BackendEnv, readBackends, TIMEOUT_MS } from "./backends.ts";
import type { EncodePixels } from "./encodePixels.ts";
import { type Row, spread } from "./spread.ts";

/** A lease covers the question what the backend serves and the inference. */
const POOL = { coolDown: 5_000, longestCoolDown: 120_000, lease: 2 * TIMEOUT_MS + 5_000 };

function open(env: BackendEnv, fetch: BackendFetch) {
  try {
    const { backends, fallback } = readBackends(env, fetch);
    const first = Math.floor(Math.random() * backends.length);
    return { pool: new Pool(backends.length, POOL, first), backends, fallback };
  } catch (error) {
    log("error", "the backends are configured wrongly", {}, error);
    throw error;
  }
}

/**
 * One for an isolate: it knows how the backends are.
 * @returns undefined where none is configured; the encoder throws Problem `backend_unavailable` when none is well and
 * there is nothing to fall back on
 */
export function backendEncoder(
  env: BackendEnv,
  fetchBackend: BackendFetch = (url, init) => fetch(url, init),
): EncodePixels | undefined {
  if (!env.BACKEND_URLS?.trim()) return undefined;
  let opened: ReturnType<typeof open> | undefined;
  return async (manifest, squares, byWorker) => {
    opened ??= open(env, fetchBackend);
    const { pool, backends, fallback } = opened;
    const vectors: Float32Array[] = [];
    const done = (rows: readonly Row[], encoded: readonly Float32Array[]): void => {
      for (const [at, vector] of encoded.entries()) {
        const [place] = rows[at] ?? [];
        if (place !== undefined) vectors[place] = vector;
      }
    };
    const { left, retryAfter } = await spread(pool, backends, manifest, squares, done);
    if (left.length === 0) return vectors;
    if (!fallback) {
      const options = retryAfter === undefined ? {} : { retryAfter };
      throw new Problem("backend_unavailable", "None of the backends can encode now.", options);
    }
    log("warn", "the vision Worker encodes in place of the backends", { pictures: left.length });
    done(left, await byWorker(left.map(([, square]) => square)));
    return vectors;
  };
}

/** For the big model, which no Worker holds: without a backend its work waits. */
export function bigEncoder({ BIG_BACKEND_URLS = "", BACKEND_KEY = "" }: BackendEnv): EncodePixels {
  const encode = backendEncoder({ BACKEND_URLS: BIG_BACKEND_URLS, BACKEND_KEY });
  return encode ?? (() => Promise.reject(new Problem("backend_unavailable", "BIG_BACKEND_URLS names no backend.")));
}
