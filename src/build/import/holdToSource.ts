// The repacked towers in fp32 held against the export: the same vectors, alone and in a batch.
import type { Input } from "../drift.ts";
import { vectorsOf } from "../vectorsOf.ts";
import type { ImportSource } from "./openSource.ts";
import { runSource, runs } from "./runSource.ts";

/** Of unit vectors, where the same layers run in another order. */
const TOLERANCE = 1e-4;

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? 0))),
    a.length === b.length ? 0 : 2,
  );

/**
 * @param whole a text that fills the context with pads. @param short the same without them
 * @param encode a text tower, which may refuse what does not fill the context
 * @returns whether a text without its pads is another one to the tower, or none
 */
export async function padsMatter(
  whole: Input,
  short: Input,
  encode: (input: Input) => Promise<Float32Array | undefined>,
): Promise<boolean> {
  const full = await encode(whole);
  const trimmed = await encode(short).catch(() => undefined);
  return farthest(full ?? [], trimmed ?? []) > TOLERANCE;
}

/** @throws Error when a repacked tower is not what it was made of, or a picture's vector depends on its neighbours */
export async function holdToSource(
  source: ImportSource,
  dir: string,
  probes: Record<"image" | "text", Input>,
): Promise<string> {
  const told: string[] = [];
  for (const [side, tower] of [
    ["image", "vision"],
    ["text", "text"],
  ] as const) {
    const { path } = source[tower].model;
    const probe = probes[side];
    const [own = new Float32Array()] = await vectorsOf(tower, dir, [probe]);
    const two = await vectorsOf(tower, dir, [twice(probe)]).catch((cause: unknown) => {
      throw new Error(oneAtATime(path), { cause });
    });
    const alone = two[0]?.slice(0, own.length) ?? [];
    if (farthest(own, alone) > TOLERANCE) throw new Error(`${path}: a vector depends on what else is in the batch`);
    if (!runs(source[tower])) {
      told.push(`${side} not held against the export, which takes fp16`);
      continue;
    }
    const [reference = new Float32Array()] = await runSource(source[tower], source.image, [probe]);
    const difference = farthest(own, reference);
    if (!(difference <= TOLERANCE))
      throw new Error(
        `${path}: its repacked graph gives another vector (difference ${difference.toExponential(1)}): this export is not understood here`,
      );
    told.push(`${side} ${difference.toExponential(1)}`);
  }
  return `largest difference of unit vectors to the export's own: ${told.join(", ")}`;
}

export const oneAtATime = (path: string): string =>
  `${path}: takes one input at a time, a pack any number: export it with a free batch size`;

function twice({ data, dims }: Input): Input {
  const both = data instanceof Uint8Array ? new Uint8Array(2 * data.length) : new Int32Array(2 * data.length);
  both.set(data);
  both.set(data, data.length);
  return { data: both, dims: [2, ...dims.slice(1)] };
}
