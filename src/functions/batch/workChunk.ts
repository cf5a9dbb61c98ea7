// Works on one chunk: its lines are answered, the answers written to the bucket, then counted; else it is tried again, or split.
import { linesOf } from "../../core/ndjson/lines.ts";
import { Problem } from "../../core/problem.ts";
import { nextWait } from "../../core/webhook/schedule.ts";
import { type Chunk, chunkId, type Span } from "../batches/chunks.ts";
import { findJob, type Job } from "../batches/jobs.ts";
import { chunkKey, inputKey } from "../batches/keys.ts";
import { MAX_LINE_BYTES, type ReadLine, readLine } from "../batches/line.ts";
import { log } from "../log/log.ts";
import { enqueue } from "../work/message.ts";
import { answerLines, type LineAnswer, type Working } from "./answerLines.ts";
import { type AnsweredLine, findAnswers, type LineError, lineError, writeAnswers } from "./chunkObject.ts";
import { type Answered, claimChunk, countChunk, postponeChunk, splitChunk } from "./chunkRows.ts";
import type { BatchEnv } from "./env.ts";
import { sendTickets } from "./tickets.ts";

/** Should it take longer, another begins as well, the first to end counts, and in the end the chunk is halved. */
const LEASE_MS = 4 * 60_000;
/** Attempts after which a chunk is split, should it be one of its lines that ends whoever works on it. */
const WHOLE_ATTEMPTS = 3;
/** Seconds before each attempt; of a line on its own, then it is answered with the failure. */
const SCHEDULE = [0, 5, 30, 120, 600, 600, 600, 600];

interface ChunkLine extends ReadLine {
  number: number;
  start: number;
  length: number;
}

async function linesOfChunk({ BUCKET }: BatchEnv, { batch, start, length, line }: Chunk): Promise<ChunkLine[]> {
  const object = await BUCKET.get(inputKey(batch), { range: { offset: start, length } });
  if (!object) throw new Problem("internal_error", "The input of a batch is gone.");
  const lines: ChunkLine[] = [];
  for await (const { bytes, offset, length: own, number } of linesOf(object.body, MAX_LINE_BYTES))
    lines.push({ ...readLine(bytes), number: line + number - 1, start: start + offset, length: own });
  return lines;
}

function halvesOf({ first }: Chunk, lines: readonly ChunkLine[]): Span[] {
  const middle = Math.floor(lines.length / 2);
  return [
    { from: 0, to: middle },
    { from: middle, to: lines.length },
  ].flatMap(({ from, to }) => {
    const [head, last] = [lines[from], lines[to - 1]];
    if (!head || !last) return [];
    const length = last.start + last.length - head.start;
    return [{ first: first + from, rows: to - from, line: head.number, start: head.start, length }];
  });
}

/** Why no line of the job is looked at any more. */
function endOf(job: Job, { deployment }: Working): LineError | undefined {
  if (job.stopped === "cancelled") return { code: "cancelled", detail: "The batch was cancelled." };
  if (job.stopped === "expired") return { code: "expired", detail: "The batch was not done in time." };
  if (job.model.space === deployment.manifest.space) return undefined;
  const { id } = deployment.manifest;
  return { code: "space_mismatch", detail: `The batch was made for ${job.model.id}; by now ${id} is deployed.` };
}

/** Another time may do better: also while a deploy switches from one model to the next. */
const failureOf = (answer: LineAnswer): Problem | undefined =>
  answer instanceof Problem && (answer.status >= 500 || answer.code === "space_mismatch") ? answer : undefined;

type Outcome = { answered: Answered } | { split: Span[] } | { again: Problem };

async function outcomeOf(env: BatchEnv, working: Working, job: Job, chunk: Chunk): Promise<Outcome> {
  const key = chunkKey(job.id, chunk);
  const before = await findAnswers(env.BUCKET, key);
  if (before) return { answered: before };
  const lines = await linesOfChunk(env, chunk);
  if (lines.length !== chunk.rows) throw new Problem("internal_error", "A chunk has other lines than were counted.");
  const write = async (answers: (line: ChunkLine, at: number) => AnsweredLine["answer"]): Promise<Outcome> => {
    const answeredLines = lines.map((line, at) => ({ ...line, answer: answers(line, at) }));
    return { answered: await writeAnswers(env.BUCKET, key, answeredLines, job.dim) };
  };
  const end = endOf(job, working);
  if (end) return write(({ content }) => (content instanceof Problem ? lineError(content) : end));

  const last = chunk.attempts >= SCHEDULE.length;
  // Each attempt ended its Worker before it could write down how it went.
  if (chunk.attempts > WHOLE_ATTEMPTS && lines.length > 1) return { split: halvesOf(chunk, lines) };
  if (chunk.attempts > SCHEDULE.length)
    return write(() => ({ code: "model_unavailable", detail: "No attempt at this line came to an end." }));
  const answers = await answerLines(env, working, job, lines);
  const failures = answers.map(failureOf).filter((failure) => failure !== undefined);
  const [failure] = failures;
  if (failure && !(last && lines.length === 1)) {
    // Where others were answered, it is these lines that fail, and they shall not hold up their neighbours.
    const partly = answers.some((answer) => !(answer instanceof Problem));
    const apart = lines.length > 1 && (partly || chunk.attempts >= WHOLE_ATTEMPTS);
    return apart ? { split: halvesOf(chunk, lines) } : { again: failure };
  }
  return write((_, at) => {
    const answer = answers[at];
    if (!answer) throw new RangeError("a line without an answer");
    return answer instanceof Problem ? lineError(answer) : answer;
  });
}

async function postpone(env: BatchEnv, chunk: Chunk, { code, retryAfter }: Problem): Promise<void> {
  const now = Date.now();
  const wait = nextWait(SCHEDULE, chunk.attempts, retryAfter, Math.random()) ?? SCHEDULE.at(-1) ?? 0;
  const due = now + Math.round(wait * 1000);
  log("warn", "a chunk waits to be worked on", { id: chunk.id, seconds: Math.round(wait), code });
  await postponeChunk(env.DB, chunk, due);
  await sendTickets(env, [{ id: chunk.id, due_at: due }], now);
}

export async function workChunk(env: BatchEnv, working: Working): Promise<void> {
  const start = Date.now();
  const chunk = await claimChunk(env.DB, start, start + LEASE_MS);
  if (!chunk) return;
  const job = await findJob(env.DB, chunk.batch);
  // Deleted meanwhile.
  if (!job) return;
  let outcome: Outcome;
  try {
    outcome = await outcomeOf(env, working, job, chunk);
    const now = Date.now();
    if ("answered" in outcome && (await countChunk(env.DB, chunk, outcome.answered, now)))
      await enqueue(env, { kind: "batch", id: job.id, due_at: now }, now);
    if ("split" in outcome && (await splitChunk(env.DB, chunk, outcome.split, now))) {
      const halves = outcome.split.map((span) => ({ id: chunkId(job.id, span), due_at: now }));
      await sendTickets(env, halves, now);
    }
  } catch (error) {
    log("error", "a chunk could not be worked on", { id: chunk.id }, error);
    outcome = { again: Problem.from(error) };
  }
  if ("again" in outcome) await postpone(env, chunk, outcome.again);
}
