// The answers of one chunk as an object of the bucket: NDJSON of results, NDJSON of errors, vectors. The first that is written counts.
import * as v from "valibot";
import { Problem } from "../../core/problem.ts";
import { exceeds } from "../batches/exceeds.ts";
import type { ReadLine } from "../batches/line.ts";
import type { Answered } from "./chunkRows.ts";
import type { LineResult } from "./working.ts";

/** Why a line has no result. */
export interface LineError {
  code: string;
  detail: string;
}
export interface AnsweredLine extends ReadLine {
  /** In the input, from 1. */
  number: number;
  answer: LineResult | LineError;
}

/** Of the JSON of a result: a line of 60 bytes can ask for 1,000 labels of 1,000 characters, and a chunk is held as a whole. */
const MAX_RESULT_BYTES = 256 * 2 ** 10;
const TOO_LONG: LineError = {
  code: "invalid_request",
  detail: `The answer has more than ${MAX_RESULT_BYTES / 2 ** 10} KiB: ask for fewer labels with top_k or max_tags.`,
};

export const lineError = ({ code, message }: Problem): LineError => ({ code, detail: message });

/** As it is written, or why there is none. */
function resultOf({ custom_id, answer }: AnsweredLine): string | LineError {
  if (!("result" in answer)) return answer;
  const json = JSON.stringify({ custom_id, result: answer.result });
  return exceeds(json, MAX_RESULT_BYTES) ? TOO_LONG : json;
}

const number = v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number));
const MetadataSchema = v.object({ completed: number, failed: number, results: number, errors: number });

function answeredOf({ customMetadata }: R2Object): Answered {
  const read = v.safeParse(MetadataSchema, customMetadata);
  if (!read.success) throw new Problem("internal_error", "An object of a batch was written by somebody else.");
  return read.output;
}

/** @returns undefined where the chunk is not answered yet */
export async function findAnswers(bucket: R2Bucket, key: string): Promise<Answered | undefined> {
  const object = await bucket.head(key);
  return object ? answeredOf(object) : undefined;
}

/**
 * @param dim of vectors; 0 where there are none. A line without a result has NaN
 * @returns what counts: these answers, or those that were there already
 */
export async function writeAnswers(
  bucket: R2Bucket,
  key: string,
  lines: readonly AnsweredLine[],
  dim: number,
): Promise<Answered> {
  const results: string[] = [];
  const errors: string[] = [];
  const vectors = new Float32Array(lines.length * dim).fill(Number.NaN);
  for (const [row, each] of lines.entries()) {
    const { custom_id, number: line, answer } = each;
    const result = resultOf(each);
    if (typeof result === "string") {
      results.push(`${result}\n`);
      if ("vector" in answer && answer.vector) vectors.set(answer.vector, row * dim);
    } else errors.push(`${JSON.stringify({ custom_id, line, error: result })}\n`);
  }
  const encoder = new TextEncoder();
  const [resultBytes, errorBytes] = [encoder.encode(results.join("")), encoder.encode(errors.join(""))];
  const body = new Uint8Array(resultBytes.length + errorBytes.length + vectors.byteLength);
  body.set(resultBytes);
  body.set(errorBytes, resultBytes.length);
  body.set(new Uint8Array(vectors.buffer), resultBytes.length + errorBytes.length);
  const answered: Answered = {
    completed: results.length,
    failed: errors.length,
    results: resultBytes.length,
    errors: errorBytes.length,
  };
  const written = await bucket.put(key, body, {
    onlyIf: { etagDoesNotMatch: "*" },
    customMetadata: Object.fromEntries(Object.entries(answered).map(([name, value]) => [name, String(value)])),
  });
  if (written) return answered;
  const before = await findAnswers(bucket, key);
  if (!before) throw new Problem("internal_error", "Answers were deleted while they were written.");
  return before;
}
