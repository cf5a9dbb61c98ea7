// What a backend that pulls and the api say to each other about the lines of a chunk.
import * as v from "valibot";
import { PROBLEM_STATUS, Problem, type ProblemCode } from "../problem.ts";

const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
/** A picture has no more: its centre, tiles, frames. */
const MAX_VIEWS = 256;
const code = v.picklist(Object.keys(PROBLEM_STATUS) as ProblemCode[]);

/** In front of a chunk's lines. */
export const ChunkHeaderSchema = v.object({
  chunk: v.string(),
  /** Tells this attempt from others; milliseconds since 1970, until when the chunk is the caller's. */
  lease: v.number(),
  rows: whole(1, 1_000_000),
  model: v.object({ id: v.string(), space: v.string() }),
  /** Side of each square, in pixels. */
  size: whole(1, 2_048),
});
export type ChunkHeader = v.InferOutput<typeof ChunkHeaderSchema>;

/** One line: its views follow as uint8 [views, S, S, 3], or come back as fp32 [views, D]; or why there are none. */
const RowSchema = v.union([
  v.strictObject({
    row: whole(0, 1_000_000),
    views: whole(1, MAX_VIEWS),
    animated: v.boolean(),
    frames: whole(1, 1_000),
  }),
  v.strictObject({
    row: whole(0, 1_000_000),
    error: v.strictObject({ code, detail: v.pipe(v.string(), v.maxLength(10_000)) }),
  }),
]);
export type Row = v.InferOutput<typeof RowSchema>;

export const errorRow = (row: number, { code: own, message }: Problem): Row => ({
  row,
  error: { code: own, detail: message.slice(0, 10_000) },
});

/**
 * @param at which row it must be
 * @throws Problem `invalid_request`
 */
export function readRow(header: unknown, at: number): Row {
  const read = v.safeParse(RowSchema, header, { abortEarly: true });
  if (!read.success) throw new Problem("invalid_request", `Row ${at}: ${read.issues[0].message}.`);
  if (read.output.row !== at)
    throw new Problem("invalid_request", `Row ${read.output.row} comes where row ${at} must.`);
  return read.output;
}

export const CommitSchema = v.object({
  chunk: v.string(),
  /** gone: it was answered, stopped or deleted meanwhile; split, again: it comes again, in halves or whole. */
  state: v.picklist(["answered", "split", "again", "gone"]),
});

export const PullModelSchema = v.strictObject({
  id: v.pipe(v.string(), v.minLength(1)),
  space: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/, "space must be sha256:<hex>")),
  pack: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/, "pack must be sha256:<hex>")),
  /** Width of its vectors. */
  embed_dim: whole(1, 65_536),
  /** Side of the squares that it takes, in pixels. */
  size: whole(1, 2_048),
  /** How a picture becomes a square: see the pack's manifest. */
  resize: v.optional(v.picklist(["shortest", "squash"]), "shortest"),
  interpolation: v.optional(v.picklist(["bicubic", "bilinear"]), "bicubic"),
});
/** The model of the backends that pull. */
export type PullModel = v.InferOutput<typeof PullModelSchema>;
