// Pictures spread over the backends that are well; what one of them drops is taken up by another.
import type { Choice, Pool } from "../../core/oip/pool.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { Problem } from "../../core/problem.ts";
import { log } from "../log/log.ts";
import type { PixelBackend } from "./backends.ts";

/** Requests of one call at once: their pixels lie in memory. */
const WIDTH = 4;

/** Where it stands in the call, and its pixels, uint8 [S, S, 3]. */
export type Row = [place: number, square: Uint8Array];

/** Told by its place in BACKEND_URLS. The work is never at fault: the pictures were decoded here. */
function failed({ at, failed: tell }: Choice, error: unknown): Problem {
  const problem = Problem.from(error);
  const more = { backend: at + 1, code: problem.code, detail: problem.message };
  log("warn", "a backend is not used for a while", more, error instanceof Problem ? undefined : error);
  tell(Date.now(), problem.retryAfter);
  return problem;
}

/**
 * Each backend may fail once, so that a call ends.
 * @param done told the vectors [D] of some rows, in their order
 * @returns the rows that no backend took, and the seconds after which one of them wants to be asked again
 */
export async function spread(
  pool: Pool,
  backends: readonly PixelBackend[],
  manifest: Manifest,
  squares: readonly Uint8Array[],
  done: (rows: readonly Row[], vectors: readonly Float32Array[]) => void,
): Promise<{ left: Row[]; retryAfter: number | undefined }> {
  const left: Row[] = [...squares.entries()];
  const width = Math.min(WIDTH, backends.length);
  const share = Math.ceil(squares.length / width);
  const spent = new Set<number>();
  let retryAfter: number | undefined;

  const lane = async (): Promise<void> => {
    while (left.length > 0) {
      const choice = pool.choose(Math.min(left.length, share), Date.now(), spent);
      const backend = choice && backends[choice.at];
      if (!backend) return;
      let rows: Row[] = [];
      try {
        const room = await backend.room(manifest);
        rows = left.splice(0, Math.min(room, share));
        // Others may have taken the last of it meanwhile.
        if (rows.length > 0) {
          const part = rows.map(([, square]) => square);
          done(rows, await backend.encode(manifest, part));
        }
        choice.answered();
      } catch (error) {
        left.push(...rows);
        spent.add(choice.at);
        retryAfter = failed(choice, error).retryAfter ?? retryAfter;
      }
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return { left, retryAfter };
}
