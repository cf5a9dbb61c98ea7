// Counting of zero-shot and retrieval, by numbers worked by hand.
import { expect, test } from "vitest";
import { openMagick } from "../../../src/build/calibrate.ts";
import { htmlReport } from "../../../src/build/eval/html.ts";
import { png, smaller } from "../../../src/build/eval/png.ts";
import type { Report } from "../../../src/build/eval/report.ts";
import { retrieve } from "../../../src/build/eval/retrieval.ts";
import { predict, summarize, wilson, worstMistakes } from "../../../src/build/eval/zeroShot.ts";
import { toPixels } from "../../../src/core/image/pixels.ts";

const NAMES = ["cat", "dog", "owl"];
/** Unit vectors along the axes: a picture of weights (a, b, c) is nearest to its largest. */
const BANK = Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]);
const SCORING = { scores: undefined, logit_scale: 10, logit_bias: -7 };
const seen = (at: number, truth: number, ...weights: number[]) =>
  predict(at, truth, Float32Array.from(weights), BANK, SCORING);

test("a prediction: the best five, and softmax of the first and of the right one", () => {
  const { best, score, truthScore } = seen(0, 1, 0.6, 0.8, 0);
  expect(best).toEqual([1, 0, 2]);
  expect(score).toBeCloseTo(1 / (1 + Math.exp(-2) + Math.exp(-8)), 6);
  expect(truthScore).toBeCloseTo(score, 12);
});

test("of a model trained on the sigmoid loss: each by itself", () => {
  const picture = Float32Array.of(0.6, 0.8, 0);
  const { best, score, truthScore } = predict(0, 0, picture, BANK, { ...SCORING, scores: "sigmoid" });
  expect(best).toEqual([1, 0, 2]);
  expect(score).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
  expect(truthScore).toBeCloseTo(1 / (1 + Math.exp(1)), 6);
});

test("top-1, top-5, classes and confusions", () => {
  const result = summarize(
    [seen(0, 0, 1, 0, 0), seen(1, 0, 0, 1, 0), seen(2, 0, 0, 0.9, 0.1), seen(3, 1, 0, 1, 0)],
    NAMES,
  );
  expect(result).toMatchObject({ n: 4, top1: 0.5, top5: 1, mean_per_class: (1 / 3 + 1) / 2 });
  expect(result.classes).toEqual([
    { label: "cat", n: 3, top1: 1 / 3, top5: 1, confused_with: "dog", confused: 2 },
    { label: "dog", n: 1, top1: 1, top5: 1, confused_with: null, confused: 0 },
  ]);
  expect(result.confusions).toEqual([{ truth: "cat", predicted: "dog", count: 2 }]);
});

test("the worst mistakes are the surest ones, right answers are none", () => {
  const predictions = [seen(0, 0, 0, 1, 0), seen(1, 0, 0.7, 0.72, 0), seen(2, 1, 0, 1, 0)];
  expect(worstMistakes(predictions, 5).map(({ at }) => at)).toEqual([0, 1]);
});

test("Wilson's interval", () => {
  // 8 of 10: 0.4902 to 0.9433 (statsmodels' proportion_confint(8, 10, method="wilson")).
  const [low, high] = wilson(8, 10);
  expect([low, high].map((value) => value.toFixed(4))).toEqual(["0.4902", "0.9433"]);
  expect(wilson(0, 0)).toEqual([0, 1]);
});

test("retrieval with several captions a picture, ties to the first", () => {
  // Three pictures along the axes; the captions of the first: its own, and one that lies nearer to the second.
  const images = Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  const captions = Float32Array.from([1, 0, 0, 0.6, 0.8, 0, 0, 1, 0, 0.8, 0.6, 0]);
  const result = retrieve(images, captions, Int32Array.from([0, 0, 1, 2]), 3);
  expect(result).toMatchObject({ pictures: 3, captions: 4 });
  // Ranks of the pictures by caption 0, 1, 0, 2; of the best own caption by picture 0, 0, 3.
  expect(result.image).toEqual({ r1: 0.5, r5: 1, r10: 1 });
  expect(result.text).toEqual({ r1: 2 / 3, r5: 1, r10: 1 });
});

test("pictures of a report are PNGs of the averaged pixels", async () => {
  const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, (_, at) => (Math.floor(at / 3) % 8 < 4 ? 10 : 200));
  const small = smaller(pixels, 8, 4);
  expect(small.size).toBe(4);
  const back = toPixels(await openMagick(), new Uint8Array(png(small.pixels, 4)), { size: 4 });
  expect([...back.pixels]).toEqual([...small.pixels]);
  expect([...small.pixels.subarray(0, 12)]).toEqual([10, 10, 10, 10, 10, 10, 200, 200, 200, 200, 200, 200]);
});

test("labels and names cannot break out of the page", () => {
  const evil = `<script>alert("1")</script>'`;
  const report: Report = {
    schema: 1,
    data: { path: evil, pictures: 1, labelled: 1, captioned: 0, unknown_labels: [] },
    unreadable: [{ name: evil, reason: evil }],
    classes: { count: 1, prompts: 1, source: evil },
    engines: [
      {
        name: evil,
        pack: "sha256:00",
        space: "",
        quantization: "int8",
        ms_per_picture: 1,
        zero_shot: summarize([seen(0, 0, 0, 1, 0)], [evil, evil]),
        retrieval: null,
        mistakes: [{ name: evil, truth: evil, predicted: evil, score: 1, truth_score: 0 }],
      },
    ],
    comparisons: [],
  };
  const page = htmlReport(report, new Map());
  expect(page).not.toContain("<script");
  expect(page).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;");
});
