// The label bank: vectors of a vocabulary in one space, as the build wrote them next to the pack.
import * as v from "valibot";
import { Problem } from "../problem.ts";
import { type Adapted, AdaptedSchema, classVectors } from "./adapted.ts";

const sha256 = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

const BankLabelSchema = v.object({
  name: v.pipe(v.string(), v.minLength(1)),
  parents: v.array(v.string()),
  /** Own prompts, where the label does not use the bank's templates. */
  prompts: v.optional(v.array(v.string())),
  /** Hard negatives: prompts of what is taken for the label and is not it. Their vectors follow those of the labels. */
  negatives: v.optional(v.array(v.string())),
  /** SHA-256 of each example picture that its vector was mixed with. */
  images: v.optional(v.array(sha256)),
  /** A calibrated probability; means nothing while the bank is not calibrated. */
  threshold: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
});

/** p = sigmoid(slope * logit + intercept); see score/tagLogits and score/platt. */
const CalibrationSchema = v.object({ slope: v.number(), intercept: v.number() });
type BankCalibration = v.InferOutput<typeof CalibrationSchema>;

/** `<id>.json`; beside it lies `<id>.bin`: fp32 [count + negatives + adapted, embed_dim], little-endian, unit rows. */
export const BankSchema = v.object({
  schema: v.literal(1),
  id: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/)),
  title: v.string(),
  description: v.string(),
  /** Of labels and vectors: see bankHash. */
  hash: sha256,
  space: sha256,
  templates: v.array(v.string()),
  embed_dim: positive,
  count: positive,
  labels: v.array(BankLabelSchema),
  /** The bank whose labels each label is weighed against when it is scored on its own. */
  background: v.optional(v.string()),
  calibrated: v.boolean(),
  calibration: v.optional(CalibrationSchema),
  adapted: v.optional(AdaptedSchema),
  /** What it was made from, so that the build can skip it. */
  built_from: v.optional(sha256),
});

export type BankFile = v.InferOutput<typeof BankSchema>;
export type BankLabel = v.InferOutput<typeof BankLabelSchema>;

export interface Bank {
  id: string;
  title: string;
  description: string;
  hash: string;
  space: string;
  calibrated: boolean;
  templates: string[];
  labels: BankLabel[];
  embed_dim: number;
  /** Id of the bank that labels are weighed against. */
  background: string | undefined;
  calibration: BankCalibration | undefined;
  /** fp32 [L, D], unit rows. */
  vectors: Float32Array<ArrayBuffer>;
  /** fp32 [n, D] of each label that has hard negatives, by its row. */
  negatives: Map<number, Float32Array<ArrayBuffer>>;
  /** What classify compares with instead, fp32 [L, D], unit rows; `vectors` where nothing was learned. */
  classes: Float32Array<ArrayBuffer>;
  adapted: Adapted | undefined;
  /** fp32 [n, D], a row for each of `adapted.rows`. */
  learned: Float32Array<ArrayBuffer>;
}

/** Rows of `<id>.bin`. */
export const rowsOf = ({ count, labels, adapted }: Pick<BankFile, "count" | "labels" | "adapted">): number =>
  labels.reduce((sum, { negatives = [] }) => sum + negatives.length, count) + (adapted?.rows.length ?? 0);

/** How far the length of a row may be off 1. */
const TOLERANCE = 1e-3;

/**
 * @param json the parsed `<id>.json`
 * @param bytes `<id>.bin`
 * @param space of the model that will be compared with
 * @throws Problem `space_mismatch` for a bank of another space, `pack_corrupt` for one that is damaged
 */
export function readBank(json: unknown, bytes: ArrayBuffer, space: string): Bank {
  const parsed = v.safeParse(BankSchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new Problem("pack_corrupt", `label bank: ${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
  }
  const { id, count, embed_dim: width, labels, adapted } = parsed.output;
  const corrupt = (what: string) => new Problem("pack_corrupt", `label bank ${id}: ${what}`);
  if (parsed.output.space !== space) {
    throw new Problem(
      "space_mismatch",
      `Label bank ${id} was built for ${parsed.output.space}, the model is ${space}.`,
    );
  }
  if (labels.length !== count) throw corrupt(`${labels.length} labels where ${count} are stated`);
  if (adapted?.rows.some((row) => row >= count)) throw corrupt("what was learned names a label that is not there");
  const rows = rowsOf(parsed.output);
  if (bytes.byteLength !== rows * width * 4) {
    throw corrupt(`${bytes.byteLength} bytes of vectors where ${rows} x ${width} x 4 are expected`);
  }
  const all = readFloats(bytes);
  const vectors = all.subarray(0, count * width);
  const negatives = new Map<number, Float32Array<ArrayBuffer>>();
  let at = count * width;
  for (const [row, { negatives: own = [] }] of labels.entries()) {
    if (own.length === 0) continue;
    negatives.set(row, all.subarray(at, at + own.length * width));
    at += own.length * width;
  }
  const learned = all.subarray(at);
  const classes = classVectors(vectors, adapted, learned);
  for (const [row, { name }] of labels.entries()) {
    const length = Math.hypot(...vectors.subarray(row * width, (row + 1) * width));
    if (!(Math.abs(length - 1) <= TOLERANCE))
      throw corrupt(`the vector of ${JSON.stringify(name)} has length ${length}`);
  }
  const { title, description, hash, calibrated, calibration, templates, background } = parsed.output;
  const told = { id, title, description, hash, space, calibrated, templates, labels, background, calibration };
  return { ...told, embed_dim: width, vectors, negatives, classes, adapted, learned };
}

/** Little-endian whatever the machine is; a view without a copy on every machine there is. */
function readFloats(bytes: ArrayBuffer): Float32Array<ArrayBuffer> {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) return new Float32Array(bytes);
  const view = new DataView(bytes);
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, i) => view.getFloat32(i * 4, true));
}
