// Supervised multi-positive InfoNCE: pictures against a bank of texts, of which several may be right, by their shares.
import { crossEntropy } from "./crossEntropy.ts";
import { dots, type Loss, rowsOf, transposed, weighted } from "./rows.ts";

/**
 * L = -1/N sum_i sum_j y_ij log softmax_j(s x_i.t_j),  sum_j y_ij = 1
 *
 * Khosla et al.: Supervised Contrastive Learning, 2020 (arXiv 2004.11362); labels as texts: Yang et al.: Unified Contrastive
 * Learning in Image-Text-Label Space, 2022 (2204.03610).
 * @param image unit vectors [N, D]
 * @param text unit vectors [M, D]
 * @param target [N, M], rows sum to 1
 * @param scale what cosines are multiplied by
 */
export function multiPositive(
  image: Float64Array,
  text: Float64Array,
  target: Float64Array,
  width: number,
  scale: number,
): Loss<"image" | "text"> {
  const columns = rowsOf(text, width);
  const { loss, gradient: slope } = crossEntropy(
    dots(image, text, width).map((dot) => scale * dot),
    target,
    columns,
  );
  return {
    loss,
    gradient: {
      image: weighted(slope, text, width, scale),
      text: weighted(transposed(slope, columns), image, width, scale),
    },
  };
}
