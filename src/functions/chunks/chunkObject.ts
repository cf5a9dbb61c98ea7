// The answers of one chunk as an object of the bucket: NDJSON of results, NDJSON of errors, vectors. The first that is written counts.
import * as v from "valibot";
import { Problem } from "../../core/problem.ts";
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

export const lineError = ({ code, message }: Problem): LineError => ({ code, detail: message });

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
  for (const [row, { custom_id, number: line, answer }] of lines.entries()) {
    if ("result" in answer) {
      results.push(`${JSON.stringify({ custom_id, result: answer.result })}\n`);
      if (answer.vector) vectors.set(answer.vector, row * dim);
    } else errors.push(`${JSON.stringify({ custom_id, line, error: answer })}\n`);
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
