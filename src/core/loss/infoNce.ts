// InfoNCE, CLIP's symmetric loss: each picture against all texts of the batch, each text against all pictures.
import { crossEntropy } from "./crossEntropy.ts";
import { dots, type Loss, rowsOf, transposed, weighted } from "./rows.ts";

/**
 * L = 1/2N sum_i [ -log softmax_j(s x_i.t_j)_i - log softmax_j(s x_j.t_i)_i ]
 *
 * van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive Coding, 2018 (arXiv 1807.03748); the
 * symmetric form: Radford et al.: Learning Transferable Visual Models From Natural Language Supervision, 2021 (2103.00020).
 * @param image unit vectors [N, D]
 * @param text unit vectors [N, D], row i belongs to row i of the pictures
 * @param scale what cosines are multiplied by
 */
export function infoNce(image: Float64Array, text: Float64Array, width: number, scale: number): Loss<"image" | "text"> {
  const count = rowsOf(image, width);
  if (text.length !== image.length) throw new RangeError("as many texts as pictures are needed");
  const logits = dots(image, text, width).map((dot) => scale * dot);
  const own = logits.map((_, at) => (at % (count + 1) === 0 ? 1 : 0));
  const forth = crossEntropy(logits, own, count);
  const back = crossEntropy(transposed(logits, count), own, count);
  const backwards = transposed(back.gradient, count);
  const slope = forth.gradient.map((value, at) => (value + (backwards[at] ?? 0)) / 2);
  return {
    loss: (forth.loss + back.loss) / 2,
    gradient: {
      image: weighted(slope, text, width, scale),
      text: weighted(transposed(slope, count), image, width, scale),
    },
  };
}
