// What a measurement found, as JSON and as lines for a terminal.
import { mcnemar } from "../../core/fewshot/mcnemar.ts";
import { isInteger } from "../../core/pack/manifest.ts";
import { round6 } from "../../core/score/round6.ts";
import { type Column, table } from "../terminal/table.ts";
import type { Measured, Unreadable } from "./measure.ts";
import type { RetrievalResult } from "./retrieval.ts";
import { isRight, summarize, worstMistakes, type ZeroShotResult } from "./zeroShot.ts";

interface Mistake {
  name: string;
  truth: string;
  predicted: string;
  score: number;
  truth_score: number;
}

interface EngineReport {
  name: string;
  pack: string;
  space: string;
  quantization: string;
  ms_per_picture: number;
  zero_shot: ZeroShotResult | null;
  retrieval: RetrievalResult | null;
  mistakes: Mistake[];
}

interface Comparison {
  name: string;
  with: string;
  /** Share of pictures with the same first answer. */
  agreement: number | null;
  /** In top-1, the second's over the first's; null: nothing was classified. */
  top1_difference: number | null;
  /** McNemar's exact test of that difference. */
  p: number | null;
  cosine: { mean: number; worst: number } | null;
}

export interface Report {
  schema: 1;
  data: { path: string; pictures: number; labelled: number; captioned: number; unknown_labels: string[] };
  unreadable: Unreadable[];
  classes: { count: number; prompts: number; source: string } | null;
  engines: EngineReport[];
  comparisons: Comparison[];
}

const WORST = 24;

interface ReportInput {
  data: Report["data"];
  unreadable: Unreadable[];
  classes: { names: string[]; prompts: string[][]; source: string } | undefined;
  measured: readonly Measured[];
  nameOf: (at: number) => string;
}

export function makeReport({ data, unreadable, classes, measured, nameOf }: ReportInput): Report {
  const names = classes?.names ?? [];
  const engines = measured.map(({ engine, predictions, retrieval, msPerPicture }): EngineReport => {
    const { pack, space, quantization } = engine.manifest;
    return {
      name: engine.name,
      pack,
      space,
      quantization,
      ms_per_picture: Number(msPerPicture.toFixed(2)),
      zero_shot: predictions.length > 0 ? summarize(predictions, names) : null,
      retrieval: retrieval ?? null,
      mistakes: worstMistakes(predictions, WORST).map(({ at, truth, best, score, truthScore }) => ({
        name: nameOf(at),
        truth: names[truth] ?? "?",
        predicted: names[best[0] ?? -1] ?? "?",
        score: round6(score),
        truth_score: round6(truthScore),
      })),
    };
  });
  const [first, ...others] = measured;
  const comparisons = first ? others.map((other) => compareWith(first, other)) : [];
  const prompts = new Set(classes?.prompts.flat()).size;
  return {
    schema: 1,
    data,
    unreadable,
    classes: classes ? { count: names.length, prompts, source: classes.source } : null,
    engines,
    comparisons,
  };
}

/** What was quantized is held against what was not, whichever stands first. */
function compareWith(one: Measured, two: Measured): Comparison {
  const swapped = isInteger(one.engine.manifest.quantization) && !isInteger(two.engine.manifest.quantization);
  const [first, other] = swapped ? [two, one] : [one, two];
  const pairs = first.predictions.flatMap((a, i) => {
    const b = other.predictions[i];
    return b ? [[a, b] as const] : [];
  });
  const count = (keep: (pair: (typeof pairs)[number]) => boolean) => pairs.filter(keep).length;
  const onlyFirst = count(([a, b]) => isRight(a) && !isRight(b));
  const onlyOther = count(([a, b]) => !isRight(a) && isRight(b));
  const any = pairs.length > 0;
  return {
    name: other.engine.name,
    with: first.engine.name,
    agreement: any ? count(([a, b]) => a.best[0] === b.best[0]) / pairs.length : null,
    top1_difference: any ? (onlyOther - onlyFirst) / pairs.length : null,
    p: any ? mcnemar(onlyFirst, onlyOther) : null,
    cosine: two.cosine ? { mean: round6(two.cosine.mean), worst: round6(two.cosine.worst) } : null,
  };
}

export const percent = (share: number): string => (100 * share).toFixed(1);

const SHOWN = 10;
const right = (title: string): Column => ({ title, align: "right" });

export function* reportLines({ data, unreadable, classes, engines, comparisons }: Report): Generator<string> {
  yield `${data.pictures} pictures of ${data.path}, ${data.labelled} with a label, ${data.captioned} with captions`;
  if (unreadable.length > 0)
    yield `${unreadable.length} could not be read, the first ${unreadable[0]?.name}: ${unreadable[0]?.reason}`;
  if (data.unknown_labels.length > 0)
    yield `${data.unknown_labels.length} labels are none of the classes and do not count: ${data.unknown_labels.slice(0, 5).join(", ")}`;
  if (classes) {
    yield "";
    yield `Zero-shot, %, ${classes.count} classes (${classes.source}), ${classes.prompts} prompts`;
    const rows = engines.flatMap(({ name, zero_shot: result, ms_per_picture }) =>
      result
        ? [
            [
              name,
              percent(result.top1),
              result.top1_interval.map(percent).join("-"),
              percent(result.top5),
              percent(result.mean_per_class),
              ms_per_picture.toFixed(1),
            ],
          ]
        : [],
    );
    yield* table(
      [{ title: "engine" }, right("top-1"), right("95 %"), right("top-5"), right("per class"), right("ms/picture")],
      rows,
    );
  }
  if (engines.some(({ retrieval }) => retrieval)) {
    const some = engines.find(({ retrieval }) => retrieval)?.retrieval;
    yield "";
    yield `Retrieval, %, ${some?.pictures} pictures, ${some?.captions} captions`;
    yield* table(
      [
        { title: "engine" },
        ...["R@1", "R@5", "R@10"].map((at) => right(`image ${at}`)),
        ...["R@1", "R@5", "R@10"].map((at) => right(`text ${at}`)),
      ],
      engines.flatMap(({ name, retrieval }) =>
        retrieval
          ? [[name, ...[retrieval.image, retrieval.text].flatMap(({ r1, r5, r10 }) => [r1, r5, r10].map(percent))]]
          : [],
      ),
    );
  }
  for (const { name, with: other, agreement, top1_difference: difference, p, cosine } of comparisons) {
    yield "";
    const told = [
      ...(agreement === null ? [] : [`same first answer for ${percent(agreement)} %`]),
      ...(difference === null || p === null
        ? []
        : [`top-1 ${difference >= 0 ? "+" : ""}${(100 * difference).toFixed(2)} points (p = ${p.toPrecision(2)})`]),
      ...(cosine ? [`cosine mean ${cosine.mean.toFixed(4)}, worst ${cosine.worst.toFixed(4)}`] : []),
    ];
    yield `${name} against ${other}: ${told.join("; ")}`;
  }
  const [main] = engines;
  if (!main?.zero_shot) return;
  yield "";
  yield `Worst classes of ${main.name}`;
  const worst = [...main.zero_shot.classes].sort((a, b) => a.top1 - b.top1 || b.n - a.n).slice(0, SHOWN);
  yield* table(
    [{ title: "class" }, right("pictures"), right("top-1"), right("top-5"), { title: "taken for" }],
    worst.map(({ label, n, top1, top5, confused_with, confused }) => [
      label,
      String(n),
      percent(top1),
      percent(top5),
      confused_with ? `${confused_with} (${confused})` : "",
    ]),
  );
  const confusions = main.zero_shot.confusions.slice(0, SHOWN);
  if (confusions.length === 0) return;
  yield "";
  yield `What ${main.name} confuses most`;
  yield* table(
    [right("times"), { title: "is" }, { title: "taken for" }],
    confusions.map(({ truth, predicted, count }) => [String(count), truth, predicted]),
  );
}
