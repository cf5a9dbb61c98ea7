// POST /v1/similarity: cosines between pictures and texts, and which pictures are near-duplicates.
import type { Context } from "hono";
import * as v from "valibot";
import { list } from "../../core/json/list.ts";
import { Problem } from "../../core/problem.ts";
import { cosines } from "../../core/score/cosines.ts";
import { round6 } from "../../core/score/round6.ts";
import { modelOf } from "../answer/modelOf.ts";
import { animationWarnings, truncationWarnings } from "../answer/warnings.ts";
import { parseOptions } from "../input/parseOptions.ts";
import { text } from "../input/text.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import { encodePictures } from "../tasks/encodePictures.ts";
import type { AppTypes } from "./env.ts";
import { type Isolate, withRoom } from "./isolate.ts";
import { readInput } from "./readInput.ts";

const MAX_IMAGES = 32;
const MAX_TEXTS = 256;
const MAX_PAIRS = 10_000;

/**
 * Cosine from which two pictures count as near-duplicates. With nano it finds 71 to 96 % of copies that were recompressed,
 * resized or cropped, and takes none of 79,800 pairs of different pictures for copies (`npm run bench -- duplicates`).
 */
const DUPLICATE_THRESHOLD = 0.9;

const index = v.pipe(
  v.number("must be a number"),
  v.integer("must be a whole number"),
  v.minValue(0, "must be at least 0"),
);
export const SimilaritySchema = v.strictObject({
  texts: v.optional(list(text, "must be a list", MAX_TEXTS, `at most ${MAX_TEXTS} texts are taken`), []),
  pairs: v.optional(
    list(
      v.strictTuple([index, index], "must be two numbers"),
      "must be a list",
      MAX_PAIRS,
      `at most ${MAX_PAIRS} pairs are taken`,
    ),
  ),
  duplicate_threshold: v.optional(
    v.pipe(v.number("must be a number"), v.minValue(-1, "must be at least -1"), v.maxValue(1, "must be at most 1")),
    DUPLICATE_THRESHOLD,
  ),
});

interface Cosine {
  a: number;
  b: number;
  cosine: number;
}

/** Pairs of rows of a matrix, each once, of the first `count` rows, whose cosine reaches the threshold. */
function duplicatesOf(matrix: readonly Float32Array[], count: number, threshold: number): Cosine[] {
  const found: Cosine[] = [];
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const cosine = matrix[a]?.[b] ?? 0;
      if (cosine >= threshold) found.push({ a, b, cosine: round6(cosine) });
    }
  }
  return found;
}

export const similarity = (isolate: Isolate) =>
  withRoom(isolate, async (context: Context<AppTypes>, lease) => {
    const timing = context.get("timing");
    const deployment = isolate.deployment();
    const { manifest } = deployment;
    const input = await readInput(context.req.raw, MAX_IMAGES, remoteFetcher(context.env, timing, lease));
    const { texts, pairs, duplicate_threshold } = parseOptions(SimilaritySchema, input);
    const count = input.pictures.length + texts.length;
    if (count < 2) {
      const message = "images and texts together must be at least two";
      throw new Problem("invalid_request", `${message}.`, { errors: [{ pointer: "", message }] });
    }
    const outside = pairs?.findIndex((pair) => pair.some((item) => item >= count)) ?? -1;
    if (outside >= 0) {
      const message = `names an item that is not there: there are ${count}, images first`;
      throw new Problem("invalid_request", `/pairs/${outside} ${message}.`, {
        errors: [{ pointer: `/pairs/${outside}`, message }],
      });
    }

    const pointers = input.pictures.map((_, at) => `/images/${at}`);
    const [pictures, words] = await Promise.all([
      input.pictures.length > 0 ? encodePictures(context.env, timing, manifest, input.pictures, pointers) : [],
      texts.length > 0 ? timing.measure("text", () => isolate.texts.encode(context.env.TEXT, deployment, texts)) : [],
    ]);
    const items = [...pictures, ...words].map(({ vector }) => vector);
    const rows = new Float32Array(count * manifest.embed_dim);
    for (const [row, vector] of items.entries()) rows.set(vector, row * manifest.embed_dim);
    const matrix = items.map((vector) => cosines(vector, rows));

    return context.json({
      items: [
        ...pictures.map((_, at) => ({ kind: "image", index: at })),
        ...words.map((_, at) => ({ kind: "text", index: at })),
      ],
      ...(pairs
        ? { pairs: pairs.map(([a, b]) => ({ a, b, cosine: round6(matrix[a]?.[b] ?? 0) })) }
        : { matrix: matrix.map((row) => Array.from(row, round6)) }),
      duplicates: duplicatesOf(matrix, pictures.length, duplicate_threshold),
      duplicate_threshold,
      model: modelOf(manifest),
      bank: null,
      warnings: [...animationWarnings(pictures, "/images"), ...truncationWarnings(words, manifest, "/texts")],
    });
  });
