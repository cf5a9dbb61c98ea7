// Bytes to a decoded picture inside the WASM heap, handed out in strips of 8-bit RGB.
import {
  ColorSpace,
  type IMagickImage,
  type IPixelCollection,
  MagickFormat,
  MagickImage,
  MagickReadSettings,
} from "@imagemagick/magick-wasm";
import { withFirstFrame } from "./animation/webpFrames.ts";
import type { ImageHeader } from "./header.ts";
import { DecodeFailed } from "./magick.ts";
import type { ReadRows } from "./resize.ts";
import { scratch } from "./scratch.ts";
import type { ImageFormat } from "./sniff.ts";

/** Named, so that ImageMagick never chooses a coder by itself. */
const CODER: Record<ImageFormat, MagickFormat> = {
  jpeg: MagickFormat.Jpeg,
  png: MagickFormat.Png,
  gif: MagickFormat.Gif,
  webp: MagickFormat.WebP,
  avif: MagickFormat.Avif,
  tiff: MagickFormat.Tiff,
  bmp: MagickFormat.Bmp,
};

/** JPEG sources past this many pixels are shrunk by libjpeg while they are read; smaller ones would lose too much. */
const SHRINK_PIXELS = 2e6;
/** The shrunk picture keeps this many times the target's side: 2 misses the parity budget, 4 holds it. */
const SHRINK_MARGIN = 4;

/** Read as they are, as PIL does: a PNG's gamma is not applied. All others are converted to sRGB. */
const TAKEN_AS_SRGB = new Set<number>([ColorSpace.sRGB, ColorSpace.RGB, ColorSpace.Gray, ColorSpace.LinearGray]);

/** Texts and the like that libpng reads, up to 8 MB unpacked each; it passes over the ones after them. */
const PNG_CHUNKS = "16";

/** libjpeg and libtiff call a picture that ends early a warning and fill the rest with grey. */
const CUT_OFF = /premature end|unexpected end|read error|not enough data|insufficient/i;

export interface Decoded {
  /** of the canvas; smaller than the header's where a JPEG was shrunk */
  columns: number;
  rows: number;
  /** EXIF tag 0x0112, 0 when there is none */
  exifOrientation: number;
  read: ReadRows;
}

function readSettings(format: ImageFormat, header: ImageHeader, size: number): MagickReadSettings {
  const settings = new MagickReadSettings();
  settings.format = CODER[format];
  settings.frameIndex = 0;
  settings.frameCount = 1;
  if (format === "png") settings.setDefine("png:chunk-cache-max", PNG_CHUNKS);
  const hint = SHRINK_MARGIN * size;
  // A hint above the source's own size would enlarge it.
  if (
    format === "jpeg" &&
    header.width * header.height > SHRINK_PIXELS &&
    hint < Math.min(header.width, header.height)
  ) {
    settings.setDefine("jpeg:size", `${hint}x${hint}`);
  }
  return settings;
}

/** @param strip uint8 [pixels, 4]; @param opaque uint8 [pixels, 3], becomes the strip over white */
function layOverWhite(strip: Uint8Array, opaque: Uint8Array): Uint8Array {
  for (let from = 0, to = 0; from < strip.length; from += 4) {
    const alpha = strip[from + 3] ?? 255;
    for (let c = 0; c < 3; c++) {
      opaque[to++] = Math.round(((strip[from + c] ?? 0) * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return opaque;
}

/** A reader of the whole picture's rectangle. */
function readFrom(image: IMagickImage, pixels: IPixelCollection): ReadRows {
  const mapping = image.hasAlpha ? "RGBA" : "RGB";
  const opaque = scratch();
  return (x, y, columns, rows) => {
    const strip = pixels.toByteArray(x, y, columns, rows, mapping);
    if (!strip) throw new DecodeFailed("The decoder gave no pixels.");
    return image.hasAlpha ? layOverWhite(strip, opaque(columns * rows * 3)) : strip;
  };
}

/** A reader of a canvas that the first frame of an animation covers only in part; the rest is white. */
function readFromCanvas(frame: { x: number; y: number; width: number; height: number }, read: ReadRows): ReadRows {
  const held = scratch();
  return (x, y, columns, rows) => {
    const canvas = held(columns * rows * 3).fill(255);
    const left = Math.max(x, frame.x);
    const top = Math.max(y, frame.y);
    const width = Math.min(x + columns, frame.x + frame.width) - left;
    const height = Math.min(y + rows, frame.y + frame.height) - top;
    if (width <= 0 || height <= 0) return canvas;
    const part = read(left - frame.x, top - frame.y, width, height);
    for (let row = 0; row < height; row++) {
      canvas.set(part.subarray(row * width * 3, (row + 1) * width * 3), ((top - y + row) * columns + left - x) * 3);
    }
    return canvas;
  };
}

function readWith<T>(
  bytes: Uint8Array,
  settings: MagickReadSettings,
  use: (image: IMagickImage, pixels: IPixelCollection) => T,
): T {
  const image = MagickImage.create();
  try {
    const warnings: string[] = [];
    image.onWarning = ({ error }) => warnings.push(error.message);
    image.read(bytes, settings);
    const cutOff = warnings.find((warning) => CUT_OFF.test(warning));
    if (cutOff) throw new DecodeFailed(cutOff);
    if (!TAKEN_AS_SRGB.has(image.colorSpace)) image.colorSpace = ColorSpace.sRGB;
    return image.getPixels((pixels) => use(image, pixels));
  } finally {
    image.dispose();
  }
}

/**
 * Runs inside `Magick.run`.
 * @param size S, the side that the picture is needed for
 */
export function decode<T>(
  bytes: Uint8Array,
  format: ImageFormat,
  header: ImageHeader,
  size: number,
  use: (picture: Decoded) => T,
): T {
  const settings = readSettings(format, header, size);
  const readPlaced = (file: Uint8Array, place?: { x: number; y: number }) =>
    readWith(file, settings, (image, pixels) => use(pictureOf(image, pixels, header, place ?? image.page)));
  return format === "webp" && header.animated ? withFirstFrame(bytes, readPlaced) : readPlaced(bytes);
}

/** A picture with its transparency. */
export interface Layer {
  columns: number;
  rows: number;
  /** @returns uint8 [rows, columns, 4] */
  read: ReadRows;
}

/** Runs inside `Magick.run`. The checksums of a PNG's chunks are not looked at. */
export function decodeLayer<T>(bytes: Uint8Array, format: "png" | "webp", use: (layer: Layer) => T): T {
  const settings = new MagickReadSettings();
  settings.format = CODER[format];
  if (format === "png") {
    settings.setDefine("png:chunk-cache-max", PNG_CHUNKS);
    settings.setDefine("png:ignore-crc", "true");
  }
  return readWith(bytes, settings, (image, pixels) =>
    use({
      columns: image.width,
      rows: image.height,
      read: (x, y, columns, rows) => {
        const strip = pixels.toByteArray(x, y, columns, rows, "RGBA");
        if (!strip) throw new DecodeFailed("The decoder gave no pixels.");
        return strip;
      },
    }),
  );
}

/** @param place of the frame on its canvas */
function pictureOf(
  image: IMagickImage,
  pixels: IPixelCollection,
  header: ImageHeader,
  { x, y }: { x: number; y: number },
): Decoded {
  const read = readFrom(image, pixels);
  const { width, height } = image;
  const framed = header.animated && (width !== header.width || height !== header.height);
  return {
    columns: framed ? header.width : width,
    rows: framed ? header.height : height,
    exifOrientation: image.orientation,
    read: framed ? readFromCanvas({ x, y, width, height }, read) : read,
  };
}
