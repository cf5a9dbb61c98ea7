// Works on one chunk here: the most urgent one is taken by a lease, its lines are answered, and it is settled.
import { findJob } from "../batches/jobs.ts";
import { answerLines } from "../chunks/answerLines.ts";
import { claimChunk } from "../chunks/chunkRows.ts";
import { begin, conclude, settle } from "../chunks/settle.ts";
import type { Working } from "../chunks/working.ts";
import type { BatchEnv } from "./env.ts";

/** Should it take longer, another begins as well, the first to end counts, and in the end the chunk is halved. */
const LEASE_MS = 4 * 60_000;

export async function workChunk(env: BatchEnv, working: Working): Promise<void> {
  const start = Date.now();
  const chunk = await claimChunk(env.DB, 0, start, start + LEASE_MS);
  if (!chunk) return;
  const job = await findJob(env.DB, chunk.batch);
  // Deleted meanwhile.
  if (!job) return;
  const { big } = working;
  const own = big && job.model.space === big.deployment.manifest.space ? big : working;
  await settle(env, job, chunk, async () => {
    const begun = await begin(env, own.deployment.manifest, job, chunk);
    if ("outcome" in begun) return begun.outcome;
    return conclude(env, job, chunk, begun.lines, await answerLines(env, own, job, begun.lines));
  });
}
