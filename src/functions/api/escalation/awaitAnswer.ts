// Waits for the one line of an escalated job: its answer lies in the bucket before the job itself has ended.
import * as v from "valibot";
import { chunkKey } from "../../batches/keys.ts";
import { log } from "../../log/log.ts";
import type { Env } from "../env.ts";

const POLL_MS = 150;

const LineSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.union([
    v.object({ result: v.record(v.string(), v.unknown()) }),
    v.object({ error: v.object({ code: v.string(), detail: v.string() }) }),
  ]),
);
export type LineAnswer = v.InferOutput<typeof LineSchema>;

/** @returns undefined where it is not there by then, or the bucket cannot tell */
export async function awaitAnswer({ BUCKET }: Env, job: string, until: number): Promise<LineAnswer | undefined> {
  const key = chunkKey(job, { first: 0, rows: 1 });
  try {
    for (;;) {
      const object = await BUCKET.get(key);
      if (object) return v.parse(LineSchema, await object.text());
      const left = until - Date.now();
      if (left <= 0) return undefined;
      await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, left)));
    }
  } catch (error) {
    log("error", "an escalated answer could not be read", { id: job }, error);
    return undefined;
  }
}
