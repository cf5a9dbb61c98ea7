// What a bank learned from labelled pictures: class vectors or a cache that classify uses instead of, or beside, its texts.
import * as v from "valibot";

const told = {
  /** Pictures that it learned from. */
  pictures: v.number(),
  folds: v.number(),
  /** Share of right answers in cross-validation, without and with what was learned. */
  accuracy_before: v.number(),
  accuracy_after: v.number(),
  /** Of McNemar's exact test between the two. */
  p: v.number(),
  /** Label of each vector, as a row of the bank. */
  rows: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
};

/** See core/fewshot/linearAdapter and core/fewshot/tipAdapter. */
export const AdaptedSchema = v.variant("method", [
  v.object({ method: v.literal("linear"), loss: v.string(), pull: v.number(), ...told }),
  v.object({ method: v.literal("tip"), alpha: v.number(), beta: v.number(), ...told }),
]);
export type Adapted = v.InferOutput<typeof AdaptedSchema>;

/**
 * @param vectors of the labels, unit rows [L, D]
 * @param learned unit rows [n, D]
 * @returns the class vectors that classify compares with, [L, D]: a linear adapter's take the place of the texts
 */
export function classVectors(
  vectors: Float32Array<ArrayBuffer>,
  adapted: Adapted | undefined,
  learned: Float32Array,
): Float32Array<ArrayBuffer> {
  if (adapted?.method !== "linear") return vectors;
  const width = learned.length / adapted.rows.length;
  const classes = vectors.slice();
  for (const [at, row] of adapted.rows.entries())
    classes.set(learned.subarray(at * width, (at + 1) * width), row * width);
  return classes;
}
