// SupCon: vectors of one label find each other among all vectors of the batch.
import { crossEntropy } from "./crossEntropy.ts";
import { dots, type Loss, rowsOf, transposed, weighted } from "./rows.ts";

/**
 * L = -1/|A| sum_{i in A} 1/|P(i)| sum_{p in P(i)} log [ exp(z_i.z_p / tau) / sum_{k != i} exp(z_i.z_k / tau) ]
 * P(i): the others of i's label; A: those that have any. Zero where no label occurs twice.
 *
 * Khosla et al.: Supervised Contrastive Learning, 2020 (arXiv 2004.11362), L_out.
 * @param vectors unit vectors [N, D]
 * @param labels [N]
 * @param temperature tau
 */
export function supCon(
  vectors: Float64Array,
  labels: ArrayLike<number>,
  width: number,
  temperature: number,
): Loss<"vectors"> {
  const count = rowsOf(vectors, width);
  if (labels.length !== count) throw new RangeError(`${labels.length} labels of ${count} vectors`);
  const sizes = new Map<number | undefined, number>();
  for (let row = 0; row < count; row++) sizes.set(labels[row], (sizes.get(labels[row]) ?? 0) + 1);
  let anchors = 0;
  const target = new Float64Array(count * count);
  for (let row = 0; row < count; row++) {
    const others = (sizes.get(labels[row]) ?? 1) - 1;
    if (others === 0) continue;
    anchors++;
    for (let at = 0; at < count; at++)
      if (at !== row && labels[at] === labels[row]) target[row * count + at] = 1 / others;
  }
  if (anchors === 0) return { loss: 0, gradient: { vectors: new Float64Array(vectors.length) } };
  const logits = dots(vectors, vectors, width).map((dot, at) =>
    at % (count + 1) === 0 ? Number.NEGATIVE_INFINITY : dot / temperature,
  );
  const { loss, gradient: slope } = crossEntropy(logits, target, count, anchors);
  const mirrored = transposed(slope, count);
  const both = slope.map((value, at) => value + (mirrored[at] ?? 0));
  return { loss, gradient: { vectors: weighted(both, vectors, width, 1 / temperature) } };
}
