// Pairwise binary cross-entropy, SigLIP's form: every pair of a picture and a text is a yes-or-no question of its own.
import { sigmoid } from "../score/platt.ts";
import { dots, type Loss, rowsOf, transposed, weighted } from "./rows.ts";

/**
 * l_ij = s x_i.t_j + b
 * L = -1/N sum_ij [ y_ij log sigmoid(l_ij) + (1 - y_ij) log sigmoid(-l_ij) ]
 *
 * Zhai, Mustafa, Kolesnikov, Beyer: Sigmoid Loss for Language Image Pre-Training, 2023 (arXiv 2303.15343).
 * @param image unit vectors [N, D]
 * @param text unit vectors [M, D]
 * @param target [N, M] in 0..1: how much picture i shows text j
 * @param scale what cosines are multiplied by
 * @param bias added to every logit
 */
export function pairwiseSigmoid(
  image: Float64Array,
  text: Float64Array,
  target: Float64Array,
  width: number,
  scale: number,
  bias: number,
): Loss<"image" | "text"> {
  const [count, columns] = [rowsOf(image, width), rowsOf(text, width)];
  if (target.length !== count * columns)
    throw new RangeError(`${target.length} targets of ${count} x ${columns} pairs`);
  let sum = 0;
  const slope = dots(image, text, width).map((dot, at) => {
    const logit = scale * dot + bias;
    const share = target[at] ?? 0;
    // -y log sigmoid(l) - (1 - y) log sigmoid(-l), without overflow
    sum += Math.max(logit, 0) - share * logit + Math.log1p(Math.exp(-Math.abs(logit)));
    return (sigmoid(logit) - share) / count;
  });
  return {
    loss: sum / count,
    gradient: {
      image: weighted(slope, text, width, scale),
      text: weighted(transposed(slope, columns), image, width, scale),
    },
  };
}
