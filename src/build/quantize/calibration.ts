// Ranges of activations, seen on calibration pictures, and what uint8 makes of them.
import * as v from "valibot";

/** calibration.json: the range [min, max] of every activation by its key, and how many pictures it was seen on. */
export const CalibrationSchema = v.object({
  pictures: v.number(),
  ranges: v.record(v.string(), v.tuple([v.number(), v.number()])),
});
export type Calibration = v.InferOutput<typeof CalibrationSchema>;

/** real = (value - zeroPoint) * scale */
export interface Affine {
  scale: number;
  zeroPoint: number;
}

/** @returns the uint8 grid over a range; zero is always on it, so that padding is exact */
export function affineOf([low, high]: readonly [number, number]): Affine {
  const min = Math.min(0, low);
  const max = Math.max(0, high);
  const scale = Math.fround((max - min) / 255) || 1;
  return { scale, zeroPoint: Math.max(0, Math.min(255, Math.round(-min / scale))) };
}
