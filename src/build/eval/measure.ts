// The pictures through every engine, each decoded once for all of them.
import type { Magick } from "../../core/image/magick.ts";
import { toPixels } from "../../core/image/pixels.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { embedPrompts } from "../labels/embedPrompts.ts";
import type { Sample } from "./dataset/sample.ts";
import type { Engine } from "./engine.ts";
import type { Classes } from "./labels.ts";
import { type RetrievalResult, retrieve } from "./retrieval.ts";
import { textBank } from "./textBank.ts";
import { type Prediction, predict } from "./zeroShot.ts";

export interface Measured {
  engine: Engine;
  predictions: Prediction[];
  retrieval: RetrievalResult | undefined;
  /** Of the vision tower alone, a picture. */
  msPerPicture: number;
  /** To the vectors of the first engine, where both are of one space. */
  cosine: { mean: number; worst: number } | undefined;
}

export interface Unreadable {
  name: string;
  reason: string;
}

interface MeasureOptions {
  magick: Magick;
  /** Undefined: nothing is classified. */
  classes: Classes | undefined;
  /** Captions of a picture that count; 0: nothing is retrieved. */
  captions: number;
  /** Told what begins, and how many steps it has. */
  begin: (what: string, steps: number) => void;
  advance: (steps: number) => void;
}

interface Run {
  engine: Engine;
  bank: Float32Array | undefined;
  predictions: Prediction[];
  /** [N * D] of captioned pictures, in order. */
  vectors: Float32Array[];
  ms: number;
  cosine: { sum: number; worst: number; n: number };
}

interface Waiting {
  at: number;
  sample: Sample;
  /** By what the models ask for. */
  pixels: Map<string, Uint8Array>;
}

export async function measure(
  samples: readonly Sample[],
  engines: readonly Engine[],
  options: MeasureOptions,
): Promise<{ measured: Measured[]; unreadable: Unreadable[] }> {
  const { magick, classes, captions, begin, advance } = options;
  const runs: Run[] = [];
  if (classes) begin("labels", engines.length);
  for (const engine of engines) {
    const { tokenize, manifest, text } = engine;
    const bank = classes && (await textBank(text, tokenize, classes.prompts, manifest.embed_dim));
    if (classes) advance(1);
    runs.push({ engine, bank, predictions: [], vectors: [], ms: 0, cosine: { sum: 0, worst: 1, n: 0 } });
  }
  const framings = new Map(engines.map(({ manifest }) => [framingOf(manifest), manifest.image]));
  const most = Math.max(...engines.map(({ batch }) => batch));
  const unreadable: Unreadable[] = [];
  const captioned: Sample[] = [];
  let waiting: Waiting[] = [];

  const flush = async () => {
    if (waiting.length === 0) return;
    let first: Float32Array[] = [];
    for (const [index, run] of runs.entries()) {
      const vectors = await encode(run, waiting);
      if (index === 0) first = vectors;
      else if (run.engine.manifest.space === engines[0]?.manifest.space) compare(run, first, vectors);
      for (const [i, { at, sample }] of waiting.entries()) {
        const vector = vectors[i] ?? new Float32Array();
        const truth = sample.label === undefined ? undefined : classes?.rowOf(sample.label);
        if (run.bank && truth !== undefined)
          run.predictions.push(predict(at, truth, vector, run.bank, run.engine.manifest));
        if (captions > 0 && sample.captions.length > 0) run.vectors.push(vector);
      }
    }
    if (captions > 0) captioned.push(...waiting.map(({ sample }) => sample).filter((each) => each.captions.length > 0));
    advance(waiting.length);
    waiting = [];
  };

  begin("pictures", samples.length);
  for (const [at, sample] of samples.entries()) {
    try {
      const bytes = await sample.read();
      const pixels = new Map([...framings].map(([key, framing]) => [key, toPixels(magick, bytes, framing).pixels]));
      waiting.push({ at, sample, pixels });
    } catch (error) {
      unreadable.push({ name: sample.name, reason: error instanceof Error ? error.message : String(error) });
      advance(1);
    }
    if (waiting.length >= most) await flush();
  }
  await flush();

  const measured: Measured[] = [];
  const encoded = samples.length - unreadable.length;
  for (const { engine, predictions, vectors, ms, cosine } of runs) {
    const retrieval = vectors.length > 0 ? await retrieveWith(engine, captioned, vectors, options) : undefined;
    measured.push({
      engine,
      predictions,
      retrieval,
      msPerPicture: encoded > 0 ? ms / encoded : 0,
      cosine: cosine.n > 0 ? { mean: cosine.sum / cosine.n, worst: cosine.worst } : undefined,
    });
  }
  return { measured, unreadable };
}

const framingOf = ({ image: { size, resize, interpolation } }: Manifest): string =>
  [size, resize, interpolation].join();

async function encode(run: Run, waiting: readonly Waiting[]): Promise<Float32Array[]> {
  const { engine } = run;
  const { size } = engine.manifest.image;
  const framing = framingOf(engine.manifest);
  const width = engine.manifest.embed_dim;
  const vectors: Float32Array[] = [];
  for (let from = 0; from < waiting.length; from += engine.batch) {
    const part = waiting.slice(from, from + engine.batch);
    const pixels = new Uint8Array(part.length * size * size * 3);
    for (const [row, { pixels: own }] of part.entries()) pixels.set(own.get(framing) ?? [], row * size * size * 3);
    const started = performance.now();
    const out = await engine.encode(pixels, part.length);
    run.ms += performance.now() - started;
    for (let row = 0; row < part.length; row++) vectors.push(out.slice(row * width, (row + 1) * width));
  }
  return vectors;
}

function compare({ cosine }: Run, first: readonly Float32Array[], own: readonly Float32Array[]): void {
  for (const [i, vector] of own.entries()) {
    const value = vector.reduce((dot, each, at) => dot + each * (first[i]?.[at] ?? 0), 0);
    cosine.sum += value;
    cosine.worst = Math.min(cosine.worst, value);
    cosine.n++;
  }
}

async function retrieveWith(
  { text, tokenize, manifest }: Engine,
  captioned: readonly Sample[],
  vectors: readonly Float32Array[],
  { captions: most, begin, advance }: MeasureOptions,
): Promise<RetrievalResult> {
  const width = manifest.embed_dim;
  const pairs = captioned.flatMap(({ captions }, image) =>
    captions.slice(0, most).map((caption) => ({ caption, image })),
  );
  const embedded = await embedPrompts(text, tokenize, [...new Set(pairs.map(({ caption }) => caption))], width);
  const texts = new Float32Array(pairs.length * width);
  for (const [row, { caption }] of pairs.entries()) texts.set(embedded.get(caption) ?? [], row * width);
  const images = new Float32Array(vectors.length * width);
  for (const [row, vector] of vectors.entries()) images.set(vector, row * width);
  const owner = Int32Array.from(pairs, ({ image }) => image);
  begin("retrieval", vectors.length + pairs.length);
  return retrieve(images, texts, owner, width, advance);
}
