// How a chunk ends or goes on: its answers are written to the bucket, then counted; else it is tried again, or split. Whoever
// answers its lines, the batch Worker or a backend that pulls, comes through here.
import { Problem } from "../../core/problem.ts";
import { nextWait } from "../../core/webhook/schedule.ts";
import { type Chunk, chunkId, type Span } from "../batches/chunks.ts";
import type { Job } from "../batches/jobs.ts";
import { chunkKey } from "../batches/keys.ts";
import { log } from "../log/log.ts";
import { enqueue } from "../work/message.ts";
import { type ChunkLine, halvesOf, linesOfChunk } from "./chunkLines.ts";
import { type AnsweredLine, findAnswers, type LineError, lineError, writeAnswers } from "./chunkObject.ts";
import { type Answered, countChunk, postponeChunk, splitChunk } from "./chunkRows.ts";
import type { ChunkEnv } from "./env.ts";
import { sendTickets } from "./tickets.ts";
import type { LineAnswer } from "./working.ts";

/** Attempts after which a chunk is split, should it be one of its lines that ends whoever works on it. */
const WHOLE_ATTEMPTS = 3;
/** Seconds before each attempt; of a line on its own, then it is answered with the failure. */
const SCHEDULE = [0, 5, 30, 120, 600, 600, 600, 600];

/** Another time may do better: also while a deploy switches from one model to the next. */
const failureOf = (answer: LineAnswer): Problem | undefined =>
  answer instanceof Problem && (answer.status >= 500 || answer.code === "space_mismatch") ? answer : undefined;

export type Outcome = { answered: Answered } | { split: Span[] } | { again: Problem };

/** What is known of the end of a chunk before anybody looks at a picture, or the lines to be answered. */
export type Begun = { outcome: Outcome } | { lines: ChunkLine[] };

/** What lines are answered by: its space is compared with the job's. */
export type Answering = Pick<Job["model"], "id" | "space">;

/** Why no line of the job is looked at any more. */
function endOf({ stopped, model }: Job, { id, space }: Answering): LineError | undefined {
  if (stopped === "cancelled") return { code: "cancelled", detail: "The batch was cancelled." };
  if (stopped === "expired") return { code: "expired", detail: "The batch was not done in time." };
  if (model.space === space) return undefined;
  return { code: "space_mismatch", detail: `The batch was made for ${model.id}; by now ${id} is deployed.` };
}

const writeAll = async (
  { BUCKET }: ChunkEnv,
  job: Job,
  chunk: Chunk,
  lines: readonly ChunkLine[],
  answerOf: (line: ChunkLine, at: number) => AnsweredLine["answer"],
): Promise<Outcome> => {
  const answered = lines.map((line, at) => ({ ...line, answer: answerOf(line, at) }));
  return { answered: await writeAnswers(BUCKET, chunkKey(job.id, chunk), answered, job.dim) };
};

export async function begin(env: ChunkEnv, answering: Answering, job: Job, chunk: Chunk): Promise<Begun> {
  const before = await findAnswers(env.BUCKET, chunkKey(job.id, chunk));
  if (before) return { outcome: { answered: before } };
  const lines = await linesOfChunk(env.BUCKET, chunk);
  const end = endOf(job, answering);
  if (end)
    return {
      outcome: await writeAll(env, job, chunk, lines, ({ content }) =>
        content instanceof Problem ? lineError(content) : end,
      ),
    };
  // Each attempt ended who worked on it before he could write down how it went.
  if (chunk.attempts > WHOLE_ATTEMPTS && lines.length > 1) return { outcome: { split: halvesOf(chunk, lines) } };
  if (chunk.attempts <= SCHEDULE.length) return { lines };
  const lost = { code: "model_unavailable", detail: "No attempt at this line came to an end." };
  return { outcome: await writeAll(env, job, chunk, lines, () => lost) };
}

/** @param answers one a line */
export async function conclude(
  env: ChunkEnv,
  job: Job,
  chunk: Chunk,
  lines: readonly ChunkLine[],
  answers: readonly LineAnswer[],
): Promise<Outcome> {
  const last = chunk.attempts >= SCHEDULE.length;
  const [failure] = answers.map(failureOf).filter((each) => each !== undefined);
  if (failure && !(last && lines.length === 1)) {
    // Where others were answered, it is these lines that fail, and they shall not hold up their neighbours.
    const partly = answers.some((answer) => !(answer instanceof Problem));
    const apart = lines.length > 1 && (partly || chunk.attempts >= WHOLE_ATTEMPTS);
    return apart ? { split: halvesOf(chunk, lines) } : { again: failure };
  }
  return writeAll(env, job, chunk, lines, (_, at) => {
    const answer = answers[at];
    if (!answer) throw new RangeError("a line without an answer");
    return answer instanceof Problem ? lineError(answer) : answer;
  });
}

async function postpone(env: ChunkEnv, chunk: Chunk, { code, retryAfter }: Problem): Promise<void> {
  const now = Date.now();
  const wait = nextWait(SCHEDULE, chunk.attempts, retryAfter, Math.random()) ?? SCHEDULE.at(-1) ?? 0;
  const due = now + Math.round(wait * 1000);
  log("warn", "a chunk waits to be worked on", { id: chunk.id, seconds: Math.round(wait), code });
  await postponeChunk(env.DB, chunk, due);
  await sendTickets(env, [{ id: chunk.id, due_at: due, pulled: chunk.pulled }], now);
}

/**
 * Carries out what `find` comes to; where it fails, the chunk is tried again.
 * @param find undefined where the chunk stays with who took it
 * @returns what was carried out; `open` where nothing was
 */
export async function settle(
  env: ChunkEnv,
  job: Job,
  chunk: Chunk,
  find: () => Promise<Outcome | undefined>,
): Promise<"answered" | "split" | "again" | "open"> {
  let outcome: Outcome | undefined;
  try {
    outcome = await find();
    if (!outcome) return "open";
    const now = Date.now();
    if ("answered" in outcome && (await countChunk(env.DB, chunk, outcome.answered, now)))
      await enqueue(env, { kind: "batch", id: job.id, due_at: now }, now);
    if ("split" in outcome && (await splitChunk(env.DB, chunk, outcome.split, now))) {
      const { pulled } = chunk;
      const halves = outcome.split.map((span) => ({ id: chunkId(job.id, span), due_at: now, pulled }));
      await sendTickets(env, halves, now);
    }
  } catch (error) {
    log("error", "a chunk could not be worked on", { id: chunk.id }, error);
    outcome = { again: Problem.from(error) };
  }
  if ("again" in outcome) {
    await postpone(env, chunk, outcome.again);
    return "again";
  }
  return "split" in outcome ? "split" : "answered";
}
