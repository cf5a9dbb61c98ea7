// Pillow's bicubic and bilinear resampling (src/libImaging/Resample.c, 8 bits a channel), of one crop, from rows that arrive one after another.
import type { Axis } from "./crop.ts";

/** Fixed point as in Pillow: 32 bits less 8 for the value and 2 for the overshoot of the kernel. */
const PRECISION_BITS = 22;
const ONE = 2 ** PRECISION_BITS;
const HALF = 2 ** (PRECISION_BITS - 1);
const A = -0.5;

function bicubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
}

/** Of [-1, 1]. */
const triangle = (distance: number): number => Math.max(0, 1 - Math.abs(distance));

const FILTERS = { bicubic: { support: 2, weight: bicubic }, bilinear: { support: 1, weight: triangle } };

export type Interpolation = keyof typeof FILTERS;

/** For each output sample: the first input sample it reads, how many, and their weights at `i * stride`. */
interface Kernel {
  first: Int32Array;
  count: Int32Array;
  stride: number;
  weights: Int32Array;
}

/** `precompute_coeffs` and `normalize_coeffs_8bpc`, for the outputs `offset` to `offset + size` only. */
function kernelOf({ length, resized, offset }: Axis, size: number, interpolation: Interpolation): Kernel {
  const filter = FILTERS[interpolation];
  const scale = length / resized;
  const filterScale = Math.max(scale, 1);
  const support = filter.support * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const kernel = {
    first: new Int32Array(size),
    count: new Int32Array(size),
    stride,
    weights: new Int32Array(size * stride),
  };
  for (let i = 0; i < size; i++) {
    const centre = (offset + i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(length, Math.trunc(centre + support + 0.5)) - first;
    const weights = Array.from({ length: count }, (_, k) =>
      filter.weight((k + first - centre + 0.5) * (1 / filterScale)),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    kernel.first[i] = first;
    kernel.count[i] = count;
    weights.forEach((weight, k) => {
      const scaled = (total === 0 ? weight : weight / total) * ONE;
      kernel.weights[i * stride + k] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    });
  }
  return kernel;
}

const clip8 = (sum: number): number => Math.min(255, Math.max(0, sum >> PRECISION_BITS));

/** Half-open range of the input samples that any output reads. */
function reach({ first, count }: Kernel): { start: number; end: number } {
  const last = first.length - 1;
  return { start: first[0] ?? 0, end: (first[last] ?? 0) + (count[last] ?? 0) };
}

/** Where rows come from: uint8 [rows, columns, 3], RGB, of the asked rectangle, good until the next call. */
export type ReadRows = (x: number, y: number, columns: number, rows: number) => Uint8Array;

/** Bytes of source pixels held at once. */
const STRIP_BYTES = 512 * 1024;

/**
 * Horizontal pass into bytes, then the vertical one, in Pillow's order and with its rounding.
 * @returns uint8 [size, size, 3]
 */
export function resizeCrop(
  read: ReadRows,
  x: Axis,
  y: Axis,
  size: number,
  interpolation: Interpolation = "bicubic",
): Uint8Array {
  const across = kernelOf(x, size, interpolation);
  const down = kernelOf(y, size, interpolation);
  const columns = reach(across);
  const rows = reach(down);
  const width = columns.end - columns.start;
  const narrow = new Uint8Array((rows.end - rows.start) * size * 3);
  const step = Math.max(1, Math.floor(STRIP_BYTES / (width * 3)));
  for (let row = rows.start; row < rows.end; row += step) {
    const count = Math.min(step, rows.end - row);
    const strip = read(columns.start, row, width, count);
    for (let r = 0; r < count; r++) {
      resampleRow(strip, r * width, columns.start, across, narrow, (row - rows.start + r) * size * 3);
    }
  }
  return resampleColumns(narrow, rows.start, down, size);
}

function resampleRow(
  source: Uint8Array,
  rowStart: number,
  firstColumn: number,
  { first, count, stride, weights }: Kernel,
  target: Uint8Array,
  at: number,
): void {
  let to = at;
  for (let i = 0; i < first.length; i++) {
    let from = (rowStart + (first[i] ?? 0) - firstColumn) * 3;
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    for (let k = i * stride, end = k + (count[i] ?? 0); k < end; k++, from += 3) {
      const weight = weights[k] ?? 0;
      red += (source[from] ?? 0) * weight;
      green += (source[from + 1] ?? 0) * weight;
      blue += (source[from + 2] ?? 0) * weight;
    }
    target[to++] = clip8(red);
    target[to++] = clip8(green);
    target[to++] = clip8(blue);
  }
}

function resampleColumns(
  narrow: Uint8Array,
  firstRow: number,
  { first, count, stride, weights }: Kernel,
  size: number,
): Uint8Array {
  const line = size * 3;
  const target = new Uint8Array(size * line);
  const sums = new Int32Array(line);
  for (let i = 0; i < size; i++) {
    sums.fill(HALF);
    let from = ((first[i] ?? 0) - firstRow) * line;
    for (let k = i * stride, end = k + (count[i] ?? 0); k < end; k++) {
      const weight = weights[k] ?? 0;
      for (let c = 0; c < line; c++) sums[c] = (sums[c] ?? 0) + (narrow[from++] ?? 0) * weight;
    }
    for (let c = 0; c < line; c++) target[i * line + c] = clip8(sums[c] ?? 0);
  }
  return target;
}
