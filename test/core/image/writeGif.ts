// GIF files for tests, block by block.

type Rgb = readonly [number, number, number];

export interface GifFrame {
  x?: number;
  y?: number;
  width: number;
  height: number;
  /** below 128; of all rows, or one for all pixels */
  indices: readonly number[] | number;
  disposal?: number;
  transparent?: number;
  palette?: readonly Rgb[];
  /** instead of the LZW data that the indices give: minimum code size and sub-blocks */
  data?: readonly number[];
}

const CLEAR = 128;
const END = 129;
/** Pixels after which a decoder has codes of nine bits. */
const RUN = 120;

const word = (value: number): number[] => [value & 255, value >> 8];

/** Padded to 128 colours. */
const table = (palette: readonly Rgb[]): number[] => [
  ...palette.flat(),
  ...new Array<number>((128 - palette.length) * 3).fill(0),
];

/** A clear code comes before the codes would have nine bits. */
function eightBits(indices: readonly number[]): number[] {
  return indices.flatMap((index, i) => (i % RUN === 0 ? [CLEAR, index] : [index])).concat(END);
}

/** One index over and over: every code stands for one pixel more than the one before, and grows to twelve bits. */
function growing(index: number, count: number): number[] {
  const bytes: number[] = [];
  let [bits, held, width, codes] = [0, 0, 8, END];
  const write = (code: number): void => {
    bits |= code << held;
    for (held += width; held >= 8; held -= 8, bits >>>= 8) bytes.push(bits & 255);
  };
  write(CLEAR);
  for (let left = count, run = 1; left > 0; run++) {
    if (codes === 4096) {
      write(CLEAR);
      [width, codes, run] = [8, END, 1];
    }
    const pixels = Math.min(run, left);
    write(pixels === 1 ? index : CLEAR + pixels);
    left -= pixels;
    if (++codes === 1 << width && width < 12) width++;
  }
  write(END);
  return [...bytes, bits];
}

function lzw({ width, height, indices }: GifFrame): number[] {
  const codes = typeof indices === "number" ? growing(indices, width * height) : eightBits(indices);
  const data = [7];
  for (let at = 0; at < codes.length; at += 255) {
    const block = codes.slice(at, at + 255);
    data.push(block.length, ...block);
  }
  return [...data, 0];
}

function image(frame: GifFrame): number[] {
  const { x = 0, y = 0, width, height, disposal = 0, transparent, palette, data } = frame;
  const control = [0x21, 0xf9, 4, (disposal << 2) | (transparent === undefined ? 0 : 1), 5, 0, transparent ?? 0, 0];
  const descriptor = [0x2c, ...word(x), ...word(y), ...word(width), ...word(height), palette ? 0x86 : 0];
  return [...control, ...descriptor, ...(palette ? table(palette) : []), ...(data ?? lzw(frame))];
}

export function writeGif(
  width: number,
  height: number,
  palette: readonly Rgb[],
  frames: readonly GifFrame[],
): Uint8Array<ArrayBuffer> {
  const header = [...word(width), ...word(height), 0xf6, 0, 0, ...table(palette)];
  const parts = [[..."GIF89a"].map((letter) => letter.charCodeAt(0)), header, ...frames.map(image), [0x3b]];
  return new Uint8Array(parts.flat());
}
