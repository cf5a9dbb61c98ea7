// NT-Xent, SimCLR's loss: two augmented views of each picture find each other among all other views of the batch.
import { crossEntropy } from "./crossEntropy.ts";
import { dots, type Loss, rowsOf, transposed, weighted } from "./rows.ts";

/**
 * z = first followed by second, 2N views; p(i) the other view of i's picture
 * L = 1/2N sum_i -log [ exp(z_i.z_p(i) / tau) / sum_{k != i} exp(z_i.z_k / tau) ]
 *
 * Chen, Kornblith, Norouzi, Hinton: A Simple Framework for Contrastive Learning of Visual Representations, 2020 (arXiv 2002.05709).
 * @param first unit vectors [N, D]
 * @param second unit vectors [N, D] of the other view of the same pictures
 * @param temperature tau
 */
export function ntXent(
  first: Float64Array,
  second: Float64Array,
  width: number,
  temperature: number,
): Loss<"first" | "second"> {
  const count = rowsOf(first, width);
  if (second.length !== first.length) throw new RangeError("every picture needs both of its views");
  const views = new Float64Array(2 * first.length);
  views.set(first);
  views.set(second, first.length);
  const all = 2 * count;
  const logits = dots(views, views, width).map((dot, at) =>
    at % (all + 1) === 0 ? Number.NEGATIVE_INFINITY : dot / temperature,
  );
  const partner = logits.map((_, at) => ((Math.floor(at / all) + count) % all === at % all ? 1 : 0));
  const { loss, gradient: slope } = crossEntropy(logits, partner, all);
  // A view is both the one that asks and one of those that are asked about.
  const mirrored = transposed(slope, all);
  const gradient = weighted(
    slope.map((value, at) => value + (mirrored[at] ?? 0)),
    views,
    width,
    1 / temperature,
  );
  return { loss, gradient: { first: gradient.slice(0, first.length), second: gradient.slice(first.length) } };
}
