// Where a batch lies in the bucket. Everything of a job is below its folder, so that deleting it is one prefix.
import { exceeds } from "./exceeds.ts";

const FOLDER = "batches/";

export const folderOf = (job: string): string => `${FOLDER}${job}/`;
/** The lines of the job: what was uploaded, or a copy that nobody else can change. */
export const inputKey = (job: string): string => `${folderOf(job)}input.ndjson`;
/** The picture of an escalated request; only a line of the job itself may name it. */
export const pictureKey = (job: string): string => `${folderOf(job)}picture`;
/** Answers of one chunk: results, errors, then vectors of embeddings. */
export const chunksFolder = (job: string): string => `${folderOf(job)}chunks/`;
export const chunkKey = (job: string, { first, rows }: { first: number; rows: number }): string =>
  `${chunksFolder(job)}${first}+${rows}`;
/** The part of an output that putting it together has begun, up to a row; goes with the chunks. */
export const begunKey = (job: string, output: Output, row: number): string => `${chunksFolder(job)}${output}-${row}`;

/** What a finished job is made of. */
const OUTPUTS = {
  results: "results.ndjson",
  errors: "errors.ndjson",
  vectors: "vectors.npy",
} as const;
export type Output = keyof typeof OUTPUTS;
export const outputKey = (job: string, output: Output): string => `${folderOf(job)}${OUTPUTS[output]}`;

/** In UTF-8: asked for a longer one, R2 throws. */
export const MAX_KEY_BYTES = 1_024;
export const isTooLong = (key: string): boolean => exceeds(key, MAX_KEY_BYTES);

/** Objects that hold jobs are no pictures or inputs of others. */
export const isOwn = (key: string): boolean => key.startsWith(FOLDER);
