// Ranges of activations, seen on calibration pictures, and what uint8 makes of them.

/** calibration.json */
export interface Calibration {
  /** How many pictures the ranges were seen on. */
  pictures: number;
  /** [min, max] of every activation by its key. */
  ranges: Record<string, [number, number]>;
}

/**
 * Of the range that was seen. What lies outside is cut off there: it is rare, and the grid is finer for all else. Measured on nano,
 * see ../README.md.
 */
export const RANGE_KEPT = 0.85;

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
