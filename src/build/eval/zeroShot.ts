// Zero-shot classification, counted: top-1, top-5, by class, and what is taken for what.
import { classScores } from "../../core/score/classScores.ts";
import { cosines } from "../../core/score/cosines.ts";
import type { Scoring } from "../../core/score/labelLogits.ts";
import { topK } from "../../core/score/topK.ts";

const FIVE = 5;

export interface Prediction {
  /** Which picture. */
  at: number;
  /** Rows of classes, the right one and the best five. */
  truth: number;
  best: number[];
  /** Of the first and of the right one, as /v1/classify scores them. */
  score: number;
  truthScore: number;
}

interface ClassResult {
  label: string;
  n: number;
  top1: number;
  top5: number;
  /** What it is taken for most often, when it is wrong. */
  confused_with: string | null;
  confused: number;
}

export interface ZeroShotResult {
  n: number;
  /** Shares of 1. */
  top1: number;
  top1_interval: [number, number];
  top5: number;
  /** Mean over classes of their top-1, so that rare ones count as much. */
  mean_per_class: number;
  classes: ClassResult[];
  confusions: { truth: string; predicted: string; count: number }[];
}

/**
 * @param image unit vector [D]
 * @param bank unit rows [L * D]
 */
export function predict(
  at: number,
  truth: number,
  image: Float32Array,
  bank: Float32Array,
  { scores, logit_scale, logit_bias }: Scoring,
): Prediction {
  const cosine = cosines(image, bank);
  const best = topK(cosine, FIVE);
  const logits = Float64Array.from(cosine, (value) => logit_scale * value + logit_bias);
  const score = classScores(logits, scores);
  return { at, truth, best, score: score[best[0] ?? 0] ?? 0, truthScore: score[truth] ?? 0 };
}

/** Wilson's score interval of a share, 95 %. Wilson: Probable inference, the law of succession, and statistical inference, 1927. */
export function wilson(hits: number, n: number): [number, number] {
  if (n === 0) return [0, 1];
  const z = 1.959964;
  const share = hits / n;
  const centre = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

export const isRight = ({ truth, best }: Prediction): boolean => best[0] === truth;

export function summarize(predictions: readonly Prediction[], names: readonly string[]): ZeroShotResult {
  const name = (row: number | undefined) => names[row ?? -1] ?? "?";
  const rows = names.map(() => ({ n: 0, first: 0, five: 0, taken: new Map<number, number>() }));
  for (const prediction of predictions) {
    const row = rows[prediction.truth];
    if (!row) continue;
    const [guess = -1] = prediction.best;
    row.n++;
    if (prediction.best.includes(prediction.truth)) row.five++;
    if (guess === prediction.truth) row.first++;
    else row.taken.set(guess, (row.taken.get(guess) ?? 0) + 1);
  }
  const seen = rows.flatMap((row, truth) => (row.n > 0 ? [{ ...row, truth }] : []));
  const classes = seen.map(({ truth, n, first, five, taken }): ClassResult => {
    const [guess, confused] = [...taken].reduce<[number | null, number]>(
      (most, [row, count]) => (count > most[1] ? [row, count] : most),
      [null, 0],
    );
    const confusedWith = guess === null ? null : name(guess);
    return { label: name(truth), n, top1: first / n, top5: five / n, confused_with: confusedWith, confused };
  });
  const confusions = seen
    .flatMap(({ truth, taken }) =>
      [...taken].map(([guess, count]) => ({ truth: name(truth), predicted: name(guess), count })),
    )
    .sort((a, b) => b.count - a.count);
  const n = predictions.length;
  const first = predictions.filter(isRight).length;
  const five = predictions.filter(({ truth, best }) => best.includes(truth)).length;
  return {
    n,
    top1: n > 0 ? first / n : 0,
    top1_interval: wilson(first, n),
    top5: n > 0 ? five / n : 0,
    mean_per_class: classes.length > 0 ? classes.reduce((sum, { top1 }) => sum + top1, 0) / classes.length : 0,
    classes,
    confusions,
  };
}

/** Those that were surest of the wrong thing, worst first. */
export const worstMistakes = (predictions: readonly Prediction[], most: number): Prediction[] =>
  predictions
    .filter((prediction) => !isRight(prediction))
    .sort((a, b) => b.score - b.truthScore - (a.score - a.truthScore))
    .slice(0, most);
